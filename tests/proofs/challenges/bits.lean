theorem target (x y : BitVec 32) : (x ^^^ y) ^^^ y = x := by sorry
