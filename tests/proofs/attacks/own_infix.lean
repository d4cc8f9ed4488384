-- expect: STATEMENT_NOT_APPROVED
-- challenge: commutes
local infixl:65 (priority := high) " + " => fun _ _ : Nat => 0

theorem target (a b : Nat) : a + b = b + a := rfl
