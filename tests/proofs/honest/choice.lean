-- expect: PROOF_ACCEPTED
-- challenge: choice
theorem target.{u, v} {α : Type u} {β : Type v} (r : α → β → Prop) (h : ∀ x, ∃ y, r x y) : ∃ f : α → β, ∀ x, r x (f x) := ⟨fun x => Classical.choose (h x), fun x => Classical.choose_spec (h x)⟩
