-- expect: THEOREM_MISSING
-- challenge: commutes
opaque target (a b : Nat) : a + b = b + a := Nat.add_comm a b
