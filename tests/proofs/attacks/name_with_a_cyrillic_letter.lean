-- expect: THEOREM_MISSING
-- challenge: commutes
theorem «tаrget» (a b : Nat) : a + b = b + a := Nat.add_comm a b
