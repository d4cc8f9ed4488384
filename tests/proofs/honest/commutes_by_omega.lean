-- expect: PROOF_ACCEPTED
-- challenge: commutes
theorem target (a b : Nat) : a + b = b + a := by omega
