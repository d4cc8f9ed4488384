theorem Paper.root_of_two (p q : Nat) (h : p * p = 2 * (q * q)) : q = 0 := by sorry
