"""What is refused before Lean sees it, by the line that is to blame."""

from __future__ import annotations

import pytest

from sandbox.recipes.lean4.assay_prover.source import RefusedError, read_source, without_comments

GOOD = b"theorem target : True := trivial\n"


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"\xef\xbb\xbf" + GOOD, "line 1: the source begins with a byte order mark"),
        (GOOD + b"-- \xff\n", "line 2: the source is no UTF-8 (byte 36)"),
        (GOOD + b"-- \x00\n", "line 2: there is a NUL byte"),
        (GOOD + "-- \u202e evil\n".encode(), "line 2: the control U+202E"),
        (GOOD + "def \u2066x := 1\n".encode(), "line 2: the control U+2066"),
        (b"-- " + b"a" * 1_000_001, "line 1: it has more than 1000000 bytes"),
        (b"-- " + b"a" * 50_000_000, "the source has 50000003 bytes, and 1048576 are read"),
        (GOOD + b"import Lean\n", "line 2: an import stands behind the first command"),
        (GOOD + b"public import Lean\n", "line 2: an import stands behind the first command"),
        (b"/- a\n/- b -/\n-/\nprelude\n", "the source begins with `prelude`"),
        (b"module\n", "the source begins with `module`"),
        (b"import all Init\n", "the source begins with `import`"),
        (b"import Init\npublic import Lean\n", "only plain `import MODULE` lines are taken"),
        (b"import \xc2\xabLean\xc2\xbb\n", "line 1: '\u00abLean\u00bb' names no module"),
    ],
)
def test_a_source_is_refused_with_its_line(data: bytes, said: str) -> None:
    with pytest.raises(RefusedError) as refused:
        read_source(data)
    assert said in str(refused.value)


def test_imports_and_words_are_read_from_what_is_no_comment() -> None:
    source = read_source(
        b"/- import Lean -/ import Init -- import Std\nimport Init.Data\n\n"
        b'theorem t : "\nimport Lean sorry" = "" := by native_decide\n'
    )
    assert source.imports == ("Init", "Init.Data")
    assert source.flags == ("native_decide",)


def test_comments_and_strings_become_spaces_and_lines_stay() -> None:
    text = 'a /- b /- c -/ d -/ e -- f\n"g\\"\n" h'
    assert without_comments(text) == "a" + " " * 19 + "e" + " " * 5 + "\n" + " " * 4 + "\n  h"
