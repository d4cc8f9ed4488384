-- expect: TIMEOUT
-- challenge: three
-- cpu: 25
def anywhere : Nat → Nat → Bool
  | 0, k => k % 3 == 5
  | n + 1, k => anywhere n (2 * k) || anywhere n (2 * k + 1)

set_option debug.skipKernelTC true in
theorem busy : anywhere 40 1 = true := by decide +kernel

theorem target : 1 + 1 = 3 := absurd busy (by sorry)
