def Prime (p : Nat) : Prop := 2 ≤ p ∧ ∀ d, d ∣ p → d = 1 ∨ d = p

theorem Paper.euclids_lemma (p a b : Nat) (prime : Prime p) (h : p ∣ a * b) : p ∣ a ∨ p ∣ b := by
  by_cases first : p ∣ a
  · exact .inl first
  · refine .inr (Nat.Coprime.dvd_of_dvd_mul_left ?_ h)
    rcases prime.2 (Nat.gcd p a) (Nat.gcd_dvd_left p a) with one | same
    · exact one
    · exact absurd (same ▸ Nat.gcd_dvd_right p a) first
