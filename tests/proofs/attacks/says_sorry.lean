-- expect: PROOF_INCOMPLETE
-- challenge: three
theorem target : 1 + 1 = 3 := by sorry
