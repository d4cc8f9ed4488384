-- expect: PROOF_NOT_COMPILED
-- challenge: commutes
#eval show IO Unit from do
  IO.println (← IO.FS.readFile "/etc/passwd")

theorem target (a b : Nat) : a + b = b + a := Nat.add_comm a b
