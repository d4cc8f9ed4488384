-- expect: PROOF_ACCEPTED
-- challenge: own
def twice (n : Nat) : Nat := n + n

theorem target (n : Nat) : twice n = 2 * n := by
  unfold twice
  omega
