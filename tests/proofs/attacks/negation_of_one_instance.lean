-- expect: STATEMENT_NOT_APPROVED
-- challenge: all_small
def small (n : Nat) : Prop := n < 1000

theorem target : ¬ small (40 * 40) := by unfold small; decide
