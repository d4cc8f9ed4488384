-- expect: PROOF_NOT_COMPILED
-- challenge: three
theorem target : 1 + 1 = 3 := by
  have : (1 + 1 = 2) := by native_decide
  exact absurd (by native_decide : 1 + 1 = 3) (by decide)
