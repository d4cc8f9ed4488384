-- expect: STATEMENT_NOT_APPROVED
-- challenge: commutes
local instance (priority := high) : HAdd Nat Nat Nat := ⟨fun _ _ => 0⟩

theorem target (a b : Nat) : a + b = b + a := rfl
