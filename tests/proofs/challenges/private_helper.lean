private def squared (n : Nat) : Nat := n * n

theorem target (n : Nat) : squared (n + 1) = squared n + 2 * n + 1 := by sorry
