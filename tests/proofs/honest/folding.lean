-- expect: PROOF_ACCEPTED
-- challenge: folding
inductive Sort' where
  | number
  | truth

inductive Term : Sort' → Type where
  | number : Nat → Term .number
  | truth : Bool → Term .truth
  | plus : Term .number → Term .number → Term .number
  | choose : {s : Sort'} → Term .truth → Term s → Term s → Term s

def Sort'.Value : Sort' → Type
  | .number => Nat
  | .truth => Bool

def Term.value : {s : Sort'} → Term s → s.Value
  | _, .number n => n
  | _, .truth b => b
  | _, .plus a b => Nat.add a.value b.value
  | _, .choose c a b => match (c.value : Bool) with
    | true => a.value
    | false => b.value

def Term.folded : {s : Sort'} → Term s → Term s
  | _, .number n => .number n
  | _, .truth b => .truth b
  | _, .plus a b => .plus a.folded b.folded
  | _, .choose (.truth true) a _ => a.folded
  | _, .choose c a b => .choose c a.folded b.folded

theorem target {s : Sort'} (t : Term s) : t.folded.value = t.value := by
  fun_induction Term.folded t <;> simp_all only [Term.value]
