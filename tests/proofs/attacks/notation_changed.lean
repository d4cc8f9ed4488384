-- expect: STATEMENT_NOT_APPROVED
-- challenge: commutes
local macro_rules | `($a + $b) => `(0 * $a * $b)

theorem target (a b : Nat) : a + b = b + a := by simp
