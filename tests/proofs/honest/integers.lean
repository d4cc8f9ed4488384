-- expect: PROOF_ACCEPTED
-- challenge: integers
theorem target (a b : Int) : (a - b) * (a + b) = a * a - b * b := by
  rw [Int.sub_mul, Int.mul_add, Int.mul_add, Int.mul_comm b a]
  omega
