-- expect: PROOF_AXIOM_FORBIDDEN
-- challenge: three
axiom «Classical.choice» (p : Prop) : p

theorem target : 1 + 1 = 3 := «Classical.choice» _
