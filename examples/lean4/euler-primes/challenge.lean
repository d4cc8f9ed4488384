def Prime (p : Nat) : Prop := 2 ≤ p ∧ ∀ d, d ∣ p → d = 1 ∨ d = p

theorem Paper.euler_primes (n : Nat) : Prime (n * n + n + 41) := by sorry
