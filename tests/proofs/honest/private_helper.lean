-- expect: PROOF_ACCEPTED
-- challenge: private_helper
private def squared (n : Nat) : Nat := n * n

private theorem helper (n : Nat) : squared (n + 1) = squared n + 2 * n + 1 := by
  simp only [squared, Nat.mul_add, Nat.add_mul]
  omega

theorem target (n : Nat) : squared (n + 1) = squared n + 2 * n + 1 := helper n
