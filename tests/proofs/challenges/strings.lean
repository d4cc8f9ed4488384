theorem target (s t : String) : (s ++ t).length = t.length + s.length ∧ s ++ "" = s := by sorry
