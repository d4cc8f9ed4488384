theorem target.{u, v} {α : Type u} {β : Type v} (r : α → β → Prop) (h : ∀ x, ∃ y, r x y) : ∃ f : α → β, ∀ x, r x (f x) := by sorry
