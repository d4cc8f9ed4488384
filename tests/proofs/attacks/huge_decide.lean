-- expect: PROOF_NOT_COMPILED
-- challenge: hundred_thousand
theorem target : ∀ n : Fin 100000, n.val * 2 < 200000 := by decide
