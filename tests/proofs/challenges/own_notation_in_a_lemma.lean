theorem target (a b c : Nat) : max a (max b c) = max (max a b) c := by sorry
