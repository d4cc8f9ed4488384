-- expect: PROOF_AXIOM_FORBIDDEN
-- challenge: three
def lies (_ : Unit) : Bool := true

@[implemented_by lies] def honest (_ : Unit) : Bool := false

theorem both : honest () = true := by native_decide

theorem target : 1 + 1 = 3 := absurd both (by decide)
