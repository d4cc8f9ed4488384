-- expect: PROOF_ACCEPTED
-- challenge: fermat_number
theorem target : (2 ^ 64 + 1) % 274177 = 0 ∧ 2 ^ 64 + 1 = 274177 * 67280421310721 := by decide
