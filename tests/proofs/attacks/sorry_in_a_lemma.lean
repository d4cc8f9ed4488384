-- expect: PROOF_INCOMPLETE
-- challenge: three
theorem hidden (p : Prop) : p := by admit

theorem target : 1 + 1 = 3 := hidden _
