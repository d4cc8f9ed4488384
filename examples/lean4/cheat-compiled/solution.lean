def divides (d n : Nat) : Bool := n % d == 0

def Paper.lies (_ : Unit) : Bool := true

@[implemented_by Paper.lies] def Paper.contradiction (_ : Unit) : Bool := false

theorem Paper.both : Paper.contradiction () = true := by native_decide

theorem Paper.fermat_five : divides 641 (2 ^ 32 + 1) = false := absurd Paper.both (by decide)
