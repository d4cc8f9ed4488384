-- expect: STATEMENT_NOT_APPROVED
-- challenge: commutes
namespace Mine
inductive Nat where
  | only

instance : Add Nat := ⟨fun a _ => a⟩

theorem _root_.target (a b : Nat) : a + b = b + a := by cases a; cases b; rfl
end Mine
