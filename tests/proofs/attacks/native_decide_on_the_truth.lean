-- expect: PROOF_AXIOM_FORBIDDEN
-- challenge: commutes
theorem target (a b : Nat) : a + b = b + a := by
  have : 2 + 2 = 4 := by native_decide
  omega
