-- expect: PROOF_ACCEPTED
-- challenge: vacuous
-- True of everything, as nothing is a number below 0: what is approved is a person's affair.
theorem target (n : Nat) (h : n < 0) : n = 42 := absurd h (Nat.not_lt_zero n)
