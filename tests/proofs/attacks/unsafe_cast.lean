-- expect: PROOF_NOT_COMPILED
-- challenge: three
unsafe def cheat : 1 + 1 = 3 := unsafeCast ()

@[implemented_by cheat] opaque believed : 1 + 1 = 3

theorem target : 1 + 1 = 3 := believed
