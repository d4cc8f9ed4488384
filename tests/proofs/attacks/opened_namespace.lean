-- expect: STATEMENT_NOT_APPROVED
-- challenge: own
def twice (n : Nat) : Nat := n + n

def Mine.twice (n : Nat) : Nat := 2 * n

open Mine hiding twice in
open Mine renaming twice → doubled in
theorem target (n : Nat) : doubled n = 2 * n := rfl
