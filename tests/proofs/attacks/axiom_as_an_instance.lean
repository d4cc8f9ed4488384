-- expect: PROOF_AXIOM_FORBIDDEN
-- challenge: three
class Cheat (p : Prop) where
  holds : p

@[instance] axiom all (p : Prop) : Cheat p

theorem target : 1 + 1 = 3 := Cheat.holds
