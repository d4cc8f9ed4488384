theorem target.{u} {α : Type u} (f : α → α → Prop) : ∃ p : α → Prop, ∀ x, f x ≠ p := by sorry
