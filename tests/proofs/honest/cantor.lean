-- expect: PROOF_ACCEPTED
-- challenge: cantor
theorem target.{u} {α : Type u} (f : α → α → Prop) : ∃ p : α → Prop, ∀ x, f x ≠ p := by
  refine ⟨fun x => ¬f x x, fun x h => ?_⟩
  have both : f x x = ¬f x x := congrFun h x
  have no : ¬f x x := fun yes => (both ▸ yes : ¬f x x) yes
  exact no (both.symm ▸ no)
