-- expect: PROOF_INCOMPLETE
-- challenge: three
theorem loop (n : Nat) : 1 + 1 = 3 := loop (n + 1)
termination_by n
decreasing_by all_goals sorry

theorem target : 1 + 1 = 3 := loop 0
