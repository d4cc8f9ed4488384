-- expect: PROOF_ACCEPTED
-- challenge: each_other
mutual
def even : Nat → Bool
  | 0 => true
  | n + 1 => odd n

def odd : Nat → Bool
  | 0 => false
  | n + 1 => even n
end

theorem target (n : Nat) : even n = !odd n := by
  induction n with
  | zero => rfl
  | succ n ih => simp only [even, odd, ih, Bool.not_not]
