-- expect: PROOF_REJECTED
-- challenge: three
set_option debug.skipKernelTC true

theorem target : 1 + 1 = 3 := by decide +kernel
