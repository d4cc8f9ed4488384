-- expect: PROOF_ACCEPTED
-- challenge: evens
inductive Even : Nat → Prop where
  | zero : Even 0
  | next (n : Nat) : Even n → Even (n + 2)

theorem target (m n : Nat) (hm : Even m) (hn : Even n) : Even (m + n) := by
  induction hn with
  | zero => exact hm
  | next n _ ih => exact .next (m + n) ih
