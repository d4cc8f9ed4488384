-- expect: PROOF_NOT_COMPILED
-- challenge: three
set_option debug.skipKernelTC true
set_option debug.proofAsSorry false

inductive Bad where
  | mk : (Bad → False) → Bad

theorem no (b : Bad) : False := match b with | .mk f => f b

theorem target : 1 + 1 = 3 := (no (.mk no)).elim
