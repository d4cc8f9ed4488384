-- expect: PROOF_ACCEPTED
-- challenge: groups
class Group' (G : Type) where
  mul : G → G → G
  one : G
  inv : G → G
  assoc : ∀ a b c, mul (mul a b) c = mul a (mul b c)
  one_mul : ∀ a, mul one a = a
  inv_mul : ∀ a, mul (inv a) a = one

def cancels (G : Type) [Group' G] : Prop := ∀ a b c : G, Group'.mul a b = Group'.mul a c → b = c

theorem target (G : Type) [Group' G] : cancels G := by
  intro a b c h
  have := congrArg (Group'.mul (Group'.inv a)) h
  rwa [← Group'.assoc, ← Group'.assoc, Group'.inv_mul, Group'.one_mul, Group'.one_mul] at this
