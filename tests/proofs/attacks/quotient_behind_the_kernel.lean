-- expect: PROOF_REJECTED
-- challenge: three
def Unit' := Quot fun _ _ : Nat => True

set_option debug.skipKernelTC true in
theorem respects (a b : Nat) (_ : True) : a = b := by
  have : (0 : Nat) = 1 := by decide +kernel
  contradiction

def value (q : Unit') : Nat := Quot.lift id respects q

theorem target : 1 + 1 = 3 :=
  congrArg value (Quot.sound trivial : Quot.mk (fun _ _ : Nat => True) 2 = Quot.mk _ 3)
