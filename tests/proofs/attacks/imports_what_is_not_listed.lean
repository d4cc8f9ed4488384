-- expect: IMPORT_DENIED
-- challenge: commutes
import Lean.AddDecl

theorem target (a b : Nat) : a + b = b + a := Nat.add_comm a b
