-- expect: PROOF_ACCEPTED
-- challenge: own_notation_in_a_lemma
local infixl:65 " ⊔ " => (max : Nat → Nat → Nat)

theorem joined (a b c : Nat) : (a ⊔ (b ⊔ c)) = ((a ⊔ b) ⊔ c) := by
  omega

theorem target (a b c : Nat) : max a (max b c) = max (max a b) c := by
  have := joined a b c
  omega
