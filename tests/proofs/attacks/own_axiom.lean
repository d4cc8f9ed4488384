-- expect: PROOF_AXIOM_FORBIDDEN
-- challenge: three
axiom cheat : False

theorem target : 1 + 1 = 3 := cheat.elim
