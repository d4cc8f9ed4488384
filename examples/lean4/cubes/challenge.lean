def sum : Nat → Nat
  | 0 => 0
  | n + 1 => sum n + (n + 1)

def cubes : Nat → Nat
  | 0 => 0
  | n + 1 => cubes n + (n + 1) * (n + 1) * (n + 1)

theorem Paper.cubes (n : Nat) : _root_.cubes n = sum n * sum n := by sorry
