theorem Paper.pigeonhole (n : Nat) (hole : Nat → Nat) (h : ∀ i, i ≤ n → hole i < n) :
    ∃ i j, i < j ∧ j ≤ n ∧ hole i = hole j := by sorry
