theorem target (n : Nat) (h : n < 0) : n = 42 := by sorry
