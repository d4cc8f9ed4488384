-- expect: DEFINITION_DIFFERS
-- challenge: own
def twice (n : Nat) : Nat := 2 * n

theorem target (n : Nat) : twice n = 2 * n := rfl
