-- expect: PROOF_NOT_COMPILED
-- challenge: commutes
#eval IO.Process.spawn { cmd := "/usr/bin/id" }

theorem target (a b : Nat) : a + b = b + a := Nat.add_comm a b
