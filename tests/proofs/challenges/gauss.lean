def upTo : Nat → Nat
  | 0 => 0
  | n + 1 => upTo n + (n + 1)

theorem target (n : Nat) : 2 * upTo n = n * (n + 1) := by sorry
