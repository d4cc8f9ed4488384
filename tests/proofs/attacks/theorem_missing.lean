-- expect: THEOREM_MISSING
-- challenge: commutes
theorem other (a b : Nat) : a + b = b + a := Nat.add_comm a b
