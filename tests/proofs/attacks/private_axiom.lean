-- expect: PROOF_AXIOM_FORBIDDEN
-- challenge: three
private axiom propext' (p : Prop) : p

theorem target : 1 + 1 = 3 := propext' _
