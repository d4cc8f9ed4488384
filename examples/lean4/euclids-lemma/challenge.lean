def Prime (p : Nat) : Prop := 2 ≤ p ∧ ∀ d, d ∣ p → d = 1 ∨ d = p

theorem Paper.euclids_lemma (p a b : Nat) (prime : Prime p) (h : p ∣ a * b) : p ∣ a ∨ p ∣ b := by sorry
