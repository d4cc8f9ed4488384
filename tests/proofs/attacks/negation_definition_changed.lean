-- expect: DEFINITION_DIFFERS
-- challenge: all_small
def small (n : Nat) : Prop := n < 100

theorem target : ¬ ∀ n, small (n * n) := fun all => absurd (all 10) (by unfold small; decide)
