-- expect: PROOF_ACCEPTED
-- challenge: commutes
theorem target (a b : Nat) : a + b = b + a := Nat.add_comm a b
