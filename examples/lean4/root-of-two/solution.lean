theorem Paper.root_of_two (p q : Nat) (h : p * p = 2 * (q * q)) : q = 0 := by
  induction q using Nat.strongRecOn generalizing p with
  | ind q ih =>
    have ⟨k, hk⟩ : ∃ k, p = 2 * k ∨ p = 2 * k + 1 := ⟨p / 2, by omega⟩
    have square : 2 * k * (2 * k) = 4 * (k * k) := Nat.mul_mul_mul_comm 2 k 2 k
    rcases hk with rfl | rfl
    · have halved : q * q = 2 * (k * k) := by omega
      apply Classical.byContradiction
      intro some
      have positive := Nat.mul_pos (Nat.pos_of_ne_zero some) (Nat.pos_of_ne_zero some)
      have less : k < q := by
        apply Nat.lt_of_not_le
        intro le
        have := Nat.mul_le_mul le le
        omega
      have none := ih k less q halved
      subst none
      omega
    · simp only [Nat.add_mul, Nat.mul_add, Nat.one_mul, Nat.mul_one] at h
      omega
