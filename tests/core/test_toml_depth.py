"""Keys of absurd depth: refused before anything reads them, whatever they are made of."""

from __future__ import annotations

import time

import pytest

from app.core.claim import parse_claim
from app.core.errors import Refusal
from app.core.toml_lines import DEPTH_MAX, too_deep
from tests.core.builders import a_policy

MEBIBYTE = 1 << 20


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("a." * (MEBIBYTE // 2 - 8) + "a=1", id="a key"),
        pytest.param("[" + "a ." * 20_000 + "a]", id="a header"),
        pytest.param("k = {" + "'a.'." * 20_000 + "a = 1}", id="an inline table"),
        pytest.param('"a".' * 20_000 + "a=1", id="quoted parts"),
    ],
)
def test_a_key_of_absurd_depth_is_refused_at_once(text: str) -> None:
    started = time.process_time()
    with pytest.raises(Refusal) as caught:
        parse_claim(b"# a.b" + b"\n" + text.encode(), (), a_policy())
    assert time.process_time() - started < 1
    assert [(item.code, item.line) for item in caught.value.problems] == [("too-deep", 2)]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param('x = """\n' + "a." * 100 + '\n"quoted" ..."""', id="prose in a string of several lines"),
        pytest.param("x = '''" + "." * 100 + "'''", id="a literal string"),
        pytest.param('x = "' + "." * 100 + '"', id="a string"),
        pytest.param("# " + "." * 100, id="a comment"),
        pytest.param("x = [" + "1.5, " * 100 + "]", id="many numbers"),
        pytest.param("a." * (DEPTH_MAX - 1) + "a = 1.5", id="the deepest key"),
    ],
)
def test_dots_that_nest_nothing_are_let_through(text: str) -> None:
    assert too_deep(text) is None
