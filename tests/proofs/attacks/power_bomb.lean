-- expect: PROOF_NOT_COMPILED
-- challenge: bomb
theorem target : 2 ^ (2 ^ 64) % 2 = 0 := by decide
