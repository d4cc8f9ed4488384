-- expect: PROOF_NOT_COMPILED
-- challenge: three
mutual
theorem one : 1 + 1 = 3 := other
theorem other : 1 + 1 = 3 := one
end

theorem target : 1 + 1 = 3 := one
