-- expect: PROOF_REJECTED
-- challenge: three
theorem target : 1 + 1 = 3 := by
  set_option debug.skipKernelTC true in
  decide +kernel
