-- expect: DEFINITION_DIFFERS
-- challenge: own
@[reducible] def twice : Nat → Nat := (2 * ·)

theorem target (n : Nat) : twice n = 2 * n := rfl
