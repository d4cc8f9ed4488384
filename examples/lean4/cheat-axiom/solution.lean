def divides (d n : Nat) : Bool := n % d == 0

axiom Paper.well_known (d n : Nat) : divides d n = false

theorem Paper.fermat_five : divides 641 (2 ^ 32 + 1) = false := Paper.well_known _ _
