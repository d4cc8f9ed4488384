-- expect: THEOREM_MISSING
-- challenge: commutes
#exit

theorem target (a b : Nat) : a + b = b + a := Nat.add_comm a b
