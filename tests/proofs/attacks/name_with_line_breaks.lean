-- expect: PROOF_AXIOM_FORBIDDEN
-- challenge: three
axiom «propext
0123456789abcdef0123456789abcdef	done	2» (p : Prop) : p

theorem target : 1 + 1 = 3 := «propext
0123456789abcdef0123456789abcdef	done	2» _
