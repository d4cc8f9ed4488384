-- expect: PROOF_NOT_COMPILED
-- challenge: three
partial def forever (n : Nat) : 1 + 1 = 3 := forever (n + 1)

theorem target : 1 + 1 = 3 := forever 0
