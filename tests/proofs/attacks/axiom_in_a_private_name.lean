-- expect: PROOF_AXIOM_FORBIDDEN
-- challenge: three
axiom «_private».Init.Core.propext (p : Prop) : p

theorem target : 1 + 1 = 3 := «_private».Init.Core.propext _
