-- expect: STATEMENT_NOT_APPROVED
-- challenge: booleans
set_option debug.skipKernelTC true

theorem target : ¬ ∀ a b c : Bool, (a && (b || c)) = ((a && b) || (a && c)) := by decide +kernel
