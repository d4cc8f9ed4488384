-- expect: STATEMENT_NOT_APPROVED
-- challenge: commutes
def turned (_ : Prop) : Prop := True

local macro_rules
  | `(¬ $p) => `(turned $p)

theorem target : ¬ ∀ a b : Nat, a + b = b + a := trivial
