-- expect: PROOF_ACCEPTED
-- challenge: calculated
theorem target (a b c d : Nat) (h : a = b) (k : c = d) : a * c + 0 = d * b := calc
  a * c + 0 = b * c := by rw [Nat.add_zero, h]
  _ = c * b := Nat.mul_comm b c
  _ = d * b := by conv => lhs; rw [k]
