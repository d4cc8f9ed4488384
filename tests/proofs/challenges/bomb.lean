theorem target : 2 ^ (2 ^ 64) % 2 = 0 := by sorry
