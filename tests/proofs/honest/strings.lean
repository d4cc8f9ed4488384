-- expect: PROOF_ACCEPTED
-- challenge: strings
theorem target (s t : String) : (s ++ t).length = t.length + s.length ∧ s ++ "" = s := by
  refine ⟨?_, String.append_empty⟩
  rw [String.length_append, Nat.add_comm]
