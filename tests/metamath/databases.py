"""Small Metamath databases for tests: arithmetic with addition and equality, a theorem, and proofs of it."""

from __future__ import annotations

AXIOMS = """
$( a term is $) $c 0 + = -> ( ) term wff |- $.
$v t r s P Q $.
tt $f term t $.  tr $f term r $.  ts $f term s $.  wp $f wff P $.  wq $f wff Q $.
tze $a term 0 $.
tpl $a term ( t + r ) $.
weq $a wff t = r $.
wim $a wff ( P -> Q ) $.
a1 $a |- ( t = r -> ( t = s -> r = s ) ) $.
a2 $a |- ( t + 0 ) = t $.
${ min $e |- P $.  maj $e |- ( P -> Q ) $.  mp $a |- Q $. $}
"""
PROOF = "tt tze tpl tt weq tt tt weq tt a2 tt tze tpl tt weq tt tze tpl tt weq tt tt weq wim tt a2 tt tze tpl tt tt a1 mp mp"
#: The same in the compressed form, in which the first letters are labels and Z keeps what was made.
COMPRESSED = "( tze tpl weq a2 wim a1 mp ) ABCZADZAADZAEZJJKFLIAAGHH"
THEOREM = "th1"


def database(proof: str = PROOF, axioms: str = AXIOMS, said: str = "t = t", before: str = "") -> bytes:
    """Return a database in which `th1` says that a term is itself."""
    return f"{axioms}{before}\n{THEOREM} $p |- {said} $= {proof} $.\n".encode()


CHALLENGE = database("?")
