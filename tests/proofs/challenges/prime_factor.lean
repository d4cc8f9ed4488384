def Prime (p : Nat) : Prop := 2 ≤ p ∧ ∀ d, d ∣ p → d = 1 ∨ d = p

theorem target (n : Nat) (h : 2 ≤ n) : ∃ p, Prime p ∧ p ∣ n := by sorry
