-- expect: STATEMENT_NOT_APPROVED
-- challenge: three
theorem target : 1 + 1 = 3 → False := by decide
