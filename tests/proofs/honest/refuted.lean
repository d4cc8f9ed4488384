-- expect: COUNTEREXAMPLE
-- challenge: three
theorem target : ¬ (1 + 1 = 3) := by decide
