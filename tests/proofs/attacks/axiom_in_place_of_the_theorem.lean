-- expect: PROOF_AXIOM_FORBIDDEN
-- challenge: commutes
axiom target (a b : Nat) : a + b = b + a
