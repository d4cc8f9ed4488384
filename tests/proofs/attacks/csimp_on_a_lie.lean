-- expect: PROOF_AXIOM_FORBIDDEN
-- challenge: three
def unused : Nat := 0

public def slow (n : Nat) : Nat := n
public def quick (n : Nat) : Nat := n + 1

set_option debug.skipKernelTC true in
@[csimp] public theorem same : @slow = @quick := by
  funext n
  have : (0 : Nat) = 1 := by decide +kernel
  contradiction

theorem both : slow 1 = 2 := by native_decide

theorem target : 1 + 1 = 3 := absurd both (by decide)
