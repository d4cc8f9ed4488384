-- expect: PROOF_NOT_COMPILED
-- challenge: commutes
theorem target (a b : Nat) : a + b = b + a := Nat.add_comm a b

public theorem target : True := trivial
