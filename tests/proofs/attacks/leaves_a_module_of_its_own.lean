-- expect: PROOF_NOT_COMPILED
-- challenge: three
#eval show IO Unit from do
  for name in ["Proof.olean", "Proof.olean.server", "Proof.olean.private"] do
    IO.FS.writeFile name "olean\x02 and pointers to wherever"
  IO.Process.exit 0

theorem target : 1 + 1 = 3 := by decide
