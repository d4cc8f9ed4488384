def Prime (p : Nat) : Prop := 2 ≤ p ∧ ∀ d, d ∣ p → d = 1 ∨ d = p

theorem Paper.infinite_primes (n : Nat) : ∃ p, n < p ∧ Prime p := by sorry
