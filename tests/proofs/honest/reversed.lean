-- expect: PROOF_ACCEPTED
-- challenge: reversed
noncomputable def turned {α : Type} : List α → List α
  | [] => []
  | x :: rest => turned rest ++ [x]

theorem turned_append {α : Type} (xs : List α) (y : α) : turned (xs ++ [y]) = y :: turned xs := by
  induction xs with
  | nil => rfl
  | cons x rest ih => simp only [List.cons_append, turned, ih]

theorem target {α : Type} (xs : List α) : turned (turned xs) = xs := by
  induction xs with
  | nil => rfl
  | cons x rest ih => simp only [turned, turned_append, ih, List.nil_append, List.cons_append]
