-- expect: PROOF_AXIOM_FORBIDDEN
-- challenge: three
axiom «prоpext» (p : Prop) : p

theorem target : 1 + 1 = 3 := «prоpext» _
