-- expect: STATEMENT_NOT_APPROVED
-- challenge: three
variable (h : False)
include h

theorem target : 1 + 1 = 3 := h.elim
