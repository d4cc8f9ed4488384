-- expect: PROOF_NOT_COMPILED
-- challenge: three
#eval (IO.Process.exit 0 : IO Unit)

theorem target : 1 + 1 = 3 := by decide
