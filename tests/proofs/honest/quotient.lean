-- expect: PROOF_ACCEPTED
-- challenge: quotient
def alike : Setoid Nat where
  r a b := a % 3 = b % 3
  iseqv := ⟨fun _ => rfl, fun h => h.symm, fun h k => h.trans k⟩

def Rest : Type := Quotient alike

def Rest.value (r : Rest) : Nat := Quotient.lift (s := alike) (· % 3) (fun _ _ h => h) r

theorem target (a b : Nat) : Quotient.mk alike a = Quotient.mk alike b ↔ a % 3 = b % 3 := ⟨fun h => congrArg Rest.value h, fun h => Quotient.sound h⟩
