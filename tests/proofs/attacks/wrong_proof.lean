-- expect: PROOF_NOT_COMPILED
-- challenge: three
theorem target : 1 + 1 = 3 := by decide
