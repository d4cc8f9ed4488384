-- expect: PROOF_INCOMPLETE
-- challenge: three
set_option debug.byAsSorry true

theorem target : 1 + 1 = 3 := by decide
