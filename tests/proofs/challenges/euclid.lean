def euclid (a b : Nat) : Nat :=
  if h : b = 0 then a else euclid b (a % b)
termination_by b
decreasing_by exact Nat.mod_lt _ (Nat.pos_of_ne_zero h)

theorem target (a b : Nat) : euclid a b ∣ a ∧ euclid a b ∣ b := by sorry
