-- expect: PROOF_ACCEPTED
-- challenge: euclid
def euclid (a b : Nat) : Nat :=
  if h : b = 0 then a else euclid b (a % b)
termination_by b
decreasing_by exact Nat.mod_lt _ (Nat.pos_of_ne_zero h)

theorem divides (b : Nat) : ∀ a, euclid a b ∣ a ∧ euclid a b ∣ b := by
  induction b using Nat.strongRecOn with
  | ind b ih =>
    intro a
    rw [euclid]
    split
    · next h => subst h; exact ⟨Nat.dvd_refl a, Nat.dvd_zero a⟩
    · next h =>
      have found := ih (a % b) (Nat.mod_lt _ (Nat.pos_of_ne_zero h)) b
      refine ⟨?_, found.1⟩
      exact (Nat.dvd_mod_iff found.1).mp found.2

theorem target (a b : Nat) : euclid a b ∣ a ∧ euclid a b ∣ b := divides b a
