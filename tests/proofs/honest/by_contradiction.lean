-- expect: PROOF_ACCEPTED
-- challenge: by_contradiction
theorem target {α : Type} (p : α → Prop) (h : ¬∀ x, ¬p x) : ∃ x, p x := Classical.byContradiction fun none => h fun x px => none ⟨x, px⟩
