noncomputable def turned {α : Type} : List α → List α
  | [] => []
  | x :: rest => turned rest ++ [x]

theorem target {α : Type} (xs : List α) : turned (turned xs) = xs := by sorry
