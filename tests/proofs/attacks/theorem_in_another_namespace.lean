-- expect: THEOREM_MISSING
-- challenge: commutes
namespace Other
theorem target (a b : Nat) : a + b = b + a := Nat.add_comm a b
end Other
