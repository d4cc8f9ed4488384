-- expect: PROOF_AXIOM_FORBIDDEN
-- challenge: commutes
theorem target (a b : Nat) : a + b = b + a :=
  have := Lean.trustCompiler
  Nat.add_comm a b
