def sum : Nat → Nat
  | 0 => 0
  | n + 1 => sum n + (n + 1)

def cubes : Nat → Nat
  | 0 => 0
  | n + 1 => cubes n + (n + 1) * (n + 1) * (n + 1)

theorem Paper.twice_sum (n : Nat) : 2 * sum n = n * (n + 1) := by
  induction n with
  | zero => rfl
  | succ n ih => simp only [sum, Nat.mul_add, Nat.add_mul] at *; omega

theorem Paper.cubes (n : Nat) : _root_.cubes n = sum n * sum n := by
  induction n with
  | zero => rfl
  | succ n ih =>
    have twice := Paper.twice_sum n
    have by_next : 2 * sum n * (n + 1) = n * (n + 1) * (n + 1) := by rw [twice]
    simp only [_root_.cubes, sum, ih, Nat.mul_add, Nat.add_mul, Nat.mul_one, Nat.one_mul, Nat.mul_assoc] at *
    rw [Nat.mul_comm n (sum n)]
    omega
