def Prime (p : Nat) : Prop := 2 ≤ p ∧ ∀ d, d ∣ p → d = 1 ∨ d = p

theorem Paper.euler_primes : ¬ ∀ n, Prime (n * n + n + 41) := fun all =>
  ((all 40).2 41 ⟨41, by decide⟩).elim (by decide) (by decide)
