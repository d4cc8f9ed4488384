theorem target : (fun n : Nat => n + n) = fun n => 2 * n := by sorry
