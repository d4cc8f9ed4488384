-- expect: PROOF_ACCEPTED
-- challenge: same_functions
theorem target : (fun n : Nat => n + n) = fun n => 2 * n := funext fun n => (Nat.two_mul n).symm
