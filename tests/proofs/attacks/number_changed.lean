-- expect: STATEMENT_NOT_APPROVED
-- challenge: three
local instance (priority := high) : OfNat Nat 3 := ⟨2⟩

theorem target : 1 + 1 = 3 := rfl
