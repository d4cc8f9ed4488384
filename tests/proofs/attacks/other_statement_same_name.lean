-- expect: STATEMENT_NOT_APPROVED
-- challenge: commutes
theorem target (a b : Nat) : a + b = a + b := rfl
