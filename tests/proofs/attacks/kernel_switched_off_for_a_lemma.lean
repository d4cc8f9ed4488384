-- expect: PROOF_REJECTED
-- challenge: three
set_option debug.skipKernelTC true in
theorem lies : False := by
  have : (1 : Nat) = 2 := by decide +kernel
  contradiction

theorem target : 1 + 1 = 3 := lies.elim
