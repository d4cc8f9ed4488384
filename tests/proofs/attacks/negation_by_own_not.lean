-- expect: STATEMENT_NOT_APPROVED
-- challenge: commutes
def Own.Not (_ : Prop) : Prop := True

open Own in
theorem target : Own.Not (∀ a b : Nat, a + b = b + a) := trivial
