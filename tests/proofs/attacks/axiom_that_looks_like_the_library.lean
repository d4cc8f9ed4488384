-- expect: PROOF_AXIOM_FORBIDDEN
-- challenge: three
axiom My.propext {a b : Prop} : a = b

theorem target : 1 + 1 = 3 := My.propext (a := True) (b := 1 + 1 = 3) ▸ trivial
