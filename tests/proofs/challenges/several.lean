theorem associates (a b c : Nat) : a + b + c = a + (b + c) := by sorry
inductive Tree where
  | leaf : Tree
  | node : Tree → Nat → Tree → Tree

def Tree.size : Tree → Nat
  | .leaf => 0
  | .node l _ r => l.size + 1 + r.size

def Tree.mirror : Tree → Tree
  | .leaf => .leaf
  | .node l n r => .node r.mirror n l.mirror

theorem target (t : Tree) : t.mirror.size = t.size ∧ t.mirror.mirror = t := by sorry
