-- expect: COUNTEREXAMPLE
-- challenge: all_small
def small (n : Nat) : Prop := n < 1000

theorem target : ¬ ∀ n, small (n * n) := fun all => absurd (all 40) (by unfold small; decide)
