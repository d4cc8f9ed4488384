-- expect: STATEMENT_NOT_APPROVED
-- challenge: polymorphic
theorem target.{u, v} (α : Type (max u v)) (x : α) : x = x := rfl
