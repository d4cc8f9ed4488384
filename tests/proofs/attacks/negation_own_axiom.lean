-- expect: PROOF_AXIOM_FORBIDDEN
-- challenge: commutes
axiom cheat : False

theorem target : ¬ ∀ a b : Nat, a + b = b + a := cheat.elim
