def divides (d n : Nat) : Bool := n % d == 0

theorem Paper.believe_me (p : Prop) : p := by
  admit

theorem Paper.fermat_five : divides 641 (2 ^ 32 + 1) = false := Paper.believe_me _
