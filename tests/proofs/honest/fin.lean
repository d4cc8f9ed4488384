-- expect: PROOF_ACCEPTED
-- challenge: fin
theorem target : ∀ i j : Fin 6, (i + j).val = (i.val + j.val) % 6 := by decide
