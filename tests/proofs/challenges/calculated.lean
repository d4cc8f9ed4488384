theorem target (a b c d : Nat) (h : a = b) (k : c = d) : a * c + 0 = d * b := by sorry
