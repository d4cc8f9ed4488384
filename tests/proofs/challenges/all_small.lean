def small (n : Nat) : Prop := n < 1000

theorem target (n : Nat) : small (n * n) := by sorry
