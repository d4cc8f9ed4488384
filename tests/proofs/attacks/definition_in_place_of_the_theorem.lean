-- expect: STATEMENT_NOT_APPROVED
-- challenge: commutes
axiom target (a b : Nat) : a + b = b + a
