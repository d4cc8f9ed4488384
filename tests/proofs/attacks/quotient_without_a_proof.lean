-- expect: PROOF_NOT_COMPILED
-- challenge: three
def Unit' := Quot fun _ _ : Nat => True

def value (q : Unit') : Nat := Quot.lift id (fun _ _ _ => rfl) q

theorem target : 1 + 1 = 3 := congrArg value (Quot.sound trivial : Quot.mk _ 2 = Quot.mk _ 3)
