-- expect: PROOF_ACCEPTED
-- challenge: gauss
def upTo : Nat → Nat
  | 0 => 0
  | n + 1 => upTo n + (n + 1)

theorem target (n : Nat) : 2 * upTo n = n * (n + 1) := by
  induction n with
  | zero => rfl
  | succ n ih => simp only [upTo, Nat.mul_add, Nat.add_mul] at *; omega
