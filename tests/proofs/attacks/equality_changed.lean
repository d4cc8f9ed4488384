-- expect: STATEMENT_NOT_APPROVED
-- challenge: three
local macro_rules | `($_ = $_) => `(True)

theorem target : 1 + 1 = 3 := trivial
