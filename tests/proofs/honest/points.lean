-- expect: PROOF_ACCEPTED
-- challenge: points
structure Point where
  x : Int
  y : Int
deriving DecidableEq

def Point.turn (p : Point) : Point := ⟨-p.y, p.x⟩

theorem target (p : Point) : p.turn.turn.turn.turn = p := by
  cases p
  simp only [Point.turn, Int.neg_neg]
