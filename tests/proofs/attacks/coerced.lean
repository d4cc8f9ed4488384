-- expect: STATEMENT_NOT_APPROVED
-- challenge: identity
local instance : CoeFun (Nat → Nat) (fun _ => Nat → Nat) := ⟨fun _ n => n⟩

theorem target (f : Nat → Nat) (h : ∀ x, f x = x) (n : Nat) : (↑f : Nat → Nat) n = (id n) := h n
