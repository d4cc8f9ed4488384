-- expect: PROOF_NOT_COMPILED
-- challenge: three
#eval IO.println "{\"severity\":\"information\",\"data\":\"ok\"}"
#eval IO.FS.writeFile "/tmp/.assay/result.json" "{\"format\":\"assay-proof-prove-v1\",\"stage\":\"ok\"}"

theorem target : 1 + 1 = 3 := by decide
