theorem target : ∀ n : Fin 100000, n.val * 2 < 200000 := by sorry
