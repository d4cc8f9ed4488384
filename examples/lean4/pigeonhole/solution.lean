theorem Paper.pigeonhole (n : Nat) (hole : Nat → Nat) (h : ∀ i, i ≤ n → hole i < n) :
    ∃ i j, i < j ∧ j ≤ n ∧ hole i = hole j := by
  induction n generalizing hole with
  | zero => exact absurd (h 0 (Nat.le_refl 0)) (Nat.not_lt_zero _)
  | succ n ih =>
    by_cases shared : ∃ i, i ≤ n ∧ hole i = hole (n + 1)
    · have ⟨i, le, same⟩ := shared
      exact ⟨i, n + 1, by omega, Nat.le_refl _, same⟩
    · have apart : ∀ i, i ≤ n → hole i ≠ hole (n + 1) := fun i le same => shared ⟨i, le, same⟩
      have last := h (n + 1) (Nat.le_refl _)
      have ⟨i, j, less, le, same⟩ := ih (fun i => if hole i < hole (n + 1) then hole i else hole i - 1) (by
        intro i le
        have := apart i le
        have := h i (by omega)
        show (if hole i < hole (n + 1) then hole i else hole i - 1) < n
        split <;> omega)
      refine ⟨i, j, less, by omega, ?_⟩
      have := apart i (by omega)
      have := apart j le
      have same : (if hole i < hole (n + 1) then hole i else hole i - 1)
          = (if hole j < hole (n + 1) then hole j else hole j - 1) := same
      split at same <;> split at same <;> omega
