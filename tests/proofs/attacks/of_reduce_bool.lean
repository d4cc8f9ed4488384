-- expect: PROOF_AXIOM_FORBIDDEN
-- challenge: commutes
def yes : Bool := true

theorem trusted : yes = true := Lean.ofReduceBool yes true rfl

theorem target (a b : Nat) : a + b = b + a :=
  have := trusted
  Nat.add_comm a b
