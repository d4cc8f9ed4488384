-- expect: DEFINITION_DIFFERS
-- challenge: own
local instance (priority := high) : HAdd Nat Nat Nat := ⟨fun n _ => 2 * n⟩

def twice (n : Nat) : Nat := n + n

theorem target (n : Nat) : twice n = 2 * n := rfl
