-- expect: PROOF_INCOMPLETE
-- challenge: commutes
theorem target : ¬ ∀ a b : Nat, a + b = b + a := by sorry
