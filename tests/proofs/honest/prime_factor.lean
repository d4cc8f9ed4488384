-- expect: PROOF_ACCEPTED
-- challenge: prime_factor
def Prime (p : Nat) : Prop := 2 ≤ p ∧ ∀ d, d ∣ p → d = 1 ∨ d = p

theorem target (n : Nat) (h : 2 ≤ n) : ∃ p, Prime p ∧ p ∣ n := by
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
