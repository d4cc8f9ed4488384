def Prime (p : Nat) : Prop := 2 ≤ p ∧ ∀ d, d ∣ p → d = 1 ∨ d = p

theorem Paper.prime_factor (n : Nat) (h : 2 ≤ n) : ∃ p, Prime p ∧ p ∣ n := by
  induction n using Nat.strongRecOn with
  | ind n ih =>
    by_cases prime : Prime n
    · exact ⟨n, prime, Nat.dvd_refl n⟩
    · have ⟨d, hd⟩ : ∃ d, ¬(d ∣ n → d = 1 ∨ d = n) := Classical.not_forall.mp fun all => prime ⟨h, all⟩
      have divides : d ∣ n := Classical.byContradiction fun no => hd fun yes => absurd yes no
      have proper : d ≠ 1 ∧ d ≠ n := ⟨fun e => hd fun _ => .inl e, fun e => hd fun _ => .inr e⟩
      have below := Nat.le_of_dvd (by omega) divides
      have above := Nat.pos_of_dvd_of_pos divides (by omega)
      have ⟨p, hp, hpd⟩ := ih d (by omega) (by omega)
      exact ⟨p, hp, Nat.dvd_trans hpd divides⟩

def Paper.factorial : Nat → Nat
  | 0 => 1
  | n + 1 => (n + 1) * factorial n

theorem Paper.factorial_pos (n : Nat) : 0 < factorial n := by
  induction n with
  | zero => exact Nat.one_pos
  | succ n ih => exact Nat.mul_pos (Nat.succ_pos n) ih

theorem Paper.divides_factorial (n d : Nat) (above : 1 ≤ d) (below : d ≤ n) : d ∣ factorial n := by
  induction n with
  | zero => omega
  | succ n ih =>
    by_cases same : d = n + 1
    · subst same
      exact Nat.dvd_mul_right (n + 1) (factorial n)
    · exact Nat.dvd_trans (ih (by omega)) (Nat.dvd_mul_left (factorial n) (n + 1))

theorem Paper.infinite_primes (n : Nat) : ∃ p, n < p ∧ Prime p := by
  have ⟨p, prime, divides⟩ := Paper.prime_factor (Paper.factorial n + 1) (by have := Paper.factorial_pos n; omega)
  refine ⟨p, ?_, prime⟩
  apply Nat.lt_of_not_le
  intro small
  have := Paper.divides_factorial n p (by have := prime.1; omega) small
  have := Nat.dvd_one.mp ((Nat.dvd_add_right this).mp divides)
  have := prime.1
  omega
