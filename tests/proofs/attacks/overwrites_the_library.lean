-- expect: PROOF_NOT_COMPILED
-- challenge: commutes
#eval IO.FS.writeFile "/site/lean4/lib/Init/Prelude.olean" "nothing"

theorem target (a b : Nat) : a + b = b + a := Nat.add_comm a b
