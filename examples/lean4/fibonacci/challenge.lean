def fibonacci : Nat → Nat
  | 0 => 0
  | 1 => 1
  | n + 2 => fibonacci n + fibonacci (n + 1)

def sum : Nat → Nat
  | 0 => 0
  | n + 1 => sum n + fibonacci (n + 1)

theorem Paper.fibonacci_sum (n : Nat) : sum n + 1 = fibonacci (n + 2) := by sorry
