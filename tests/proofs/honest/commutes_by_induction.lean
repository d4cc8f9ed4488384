-- expect: PROOF_ACCEPTED
-- challenge: commutes
theorem helps (b n : Nat) : n + 1 + b = (n + b) + 1 := by omega

theorem target (a b : Nat) : a + b = b + a := by
  induction a with
  | zero => omega
  | succ n ih =>
    have := helps b n
    omega
