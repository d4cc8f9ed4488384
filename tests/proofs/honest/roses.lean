-- expect: PROOF_ACCEPTED
-- challenge: roses
inductive Rose where
  | node : List Rose → Rose

mutual
def Rose.size : Rose → Nat
  | .node rs => sizes rs + 1

def sizes : List Rose → Nat
  | [] => 0
  | r :: rs => r.size + sizes rs
end

theorem target (r : Rose) : 0 < r.size := by
  cases r with
  | node rs => exact Nat.succ_pos _
