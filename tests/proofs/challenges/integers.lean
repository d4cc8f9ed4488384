theorem target (a b : Int) : (a - b) * (a + b) = a * a - b * b := by sorry
