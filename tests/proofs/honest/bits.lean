-- expect: PROOF_ACCEPTED
-- challenge: bits
theorem target (x y : BitVec 32) : (x ^^^ y) ^^^ y = x := by
  rw [BitVec.xor_assoc, BitVec.xor_self, BitVec.xor_zero]
