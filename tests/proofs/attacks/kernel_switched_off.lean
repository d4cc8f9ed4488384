-- expect: PROOF_REJECTED
-- challenge: three
set_option debug.skipKernelTC true

open Lean Elab Term in
elab "trust" : term <= expected => do
  return .app (.app (.const ``absurd [.zero]) expected) expected

theorem target : 1 + 1 = 3 := trust
