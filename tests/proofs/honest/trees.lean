-- expect: PROOF_ACCEPTED
-- challenge: several
inductive Tree where
  | leaf : Tree
  | node : Tree → Nat → Tree → Tree

def Tree.size : Tree → Nat
  | .leaf => 0
  | .node l _ r => l.size + 1 + r.size

def Tree.mirror : Tree → Tree
  | .leaf => .leaf
  | .node l n r => .node r.mirror n l.mirror

theorem mirror_size (t : Tree) : t.mirror.size = t.size := by
  induction t with
  | leaf => rfl
  | node l n r hl hr => simp only [Tree.mirror, Tree.size, hl, hr]; omega

theorem mirror_mirror (t : Tree) : t.mirror.mirror = t := by
  induction t with
  | leaf => rfl
  | node l n r hl hr => simp only [Tree.mirror, hl, hr]

theorem target (t : Tree) : t.mirror.size = t.size ∧ t.mirror.mirror = t :=
  ⟨mirror_size t, mirror_mirror t⟩
