-- expect: STATEMENT_NOT_APPROVED
-- challenge: identity
set_option autoImplicit true
set_option relaxedAutoImplicit true

theorem target (f : Nat → Nat) (h : ∀ x, f x = x) (n : nat) : n = n := rfl
