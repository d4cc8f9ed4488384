"""Programs without their comments and layout: who is asked, and what the answer says."""

from __future__ import annotations

import ast
import io
import tokenize
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from app.core import literals_plain
from app.core.literals_plain import plain_program
from app.core.model import Run
from tests.core.builders import a_bundle, a_claim, a_run, a_seal, a_spec, an_expectation, an_outcome, play
from tests.core.test_controls import control_of
from tests.core.test_controls_attacks import MEASURED, own

FINDS_ITSELF = b'"""Doc."""\nimport sys  # 8\n\n\nlines = open(__file__).read()   # 7\nx = ( 1,\n  2 )\n'


def test_comments_and_layout_go_and_texts_stay() -> None:
    plain = plain_program(FINDS_ITSELF)
    assert plain == b'"""Doc."""\nimport sys\nlines = open ( __file__ ) . read ( )\nx = ( 1 , 2 )\n'


def test_an_encoding_that_a_comment_names_is_no_longer_needed() -> None:
    plain = plain_program("# coding: latin-1\nx = 'ä', __file__\n".encode("latin-1"))
    assert plain == "x = 'ä' , __file__\n".encode()


SPELLED = [
    pytest.param("f'{a [ 0 ]!r:>{b}}'  'x'", "f'{a [ 0 ]!r:>{b}}' 'x'", id="an f-string as it is written"),
    pytest.param('f"""{\na}\n {f"{b}"}"""+c', 'f"""{\na}\n {f"{b}"}""" + c', id="one over several lines, in another"),
    pytest.param("'''a\r\nb'''", "'''a\nb'''", id="ends of lines in a text"),
    pytest.param("(1,\n # 2\n 3)", "( 1 , 3 )", id="a line that goes on"),
    pytest.param("1 + \\\n 2", "1 + 2", id="a line that is continued"),
    pytest.param("[x  for x in y  if x]", "[ x for x in y if x ]", id="blanks"),
]


@pytest.mark.parametrize(("text", "spelled"), SPELLED)
def test_a_program_is_spelled_from_its_tokens_the_same_under_every_python(text: str, spelled: str) -> None:
    program = f"if __file__:\n\tif a: # 1\n\t\tx = {text}\n\telse: y\nz"
    plain = plain_program(program.encode())
    assert plain == f"if __file__ :\n if a :\n  x = {spelled}\n else : y\nz\n".encode()
    assert ast.dump(ast.parse(plain or b"")) == ast.dump(ast.parse(program))


def test_an_f_string_that_comes_in_parts_is_one_word_as_it_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    """From Python 3.12 on it does, and the two names are there; these are its tokens of one f-string in another."""
    source = '__file__ \nf\'a{f"{b}"}\'  \nf"""c\n{d}"""\n'
    begin, middle, end = 61, 62, 63
    one = [
        (begin, "f'", 0, 2), (middle, "a", 2, 3), (tokenize.OP, "{", 3, 4), (begin, 'f"', 4, 6), (tokenize.OP, "{", 6, 7),
        (tokenize.NAME, "b", 7, 8), (tokenize.OP, "}", 8, 9), (end, '"', 9, 10), (tokenize.OP, "}", 10, 11),
        (end, "'", 11, 12),
    ]  # fmt: skip
    parts = [tokenize.TokenInfo(kind, word, (2, left), (2, right), "") for kind, word, left, right in one]
    tokens = [
        tokenize.TokenInfo(tokenize.NAME, "__file__", (1, 0), (1, 8), ""),
        tokenize.TokenInfo(tokenize.NEWLINE, "\n", (1, 9), (1, 10), ""),
        *parts,
        tokenize.TokenInfo(tokenize.NEWLINE, "\n", (2, 14), (2, 15), ""),
        tokenize.TokenInfo(begin, 'f"""', (3, 0), (3, 4), ""),
        tokenize.TokenInfo(end, '"""', (4, 3), (4, 6), ""),
        tokenize.TokenInfo(tokenize.NEWLINE, "\n", (4, 6), (4, 7), ""),
    ]
    monkeypatch.setattr(literals_plain, "_BEGIN", begin)
    monkeypatch.setattr(literals_plain, "_END", end)
    monkeypatch.setattr(tokenize, "generate_tokens", lambda _: iter(tokens))
    assert plain_program(source.encode()) == b'__file__\nf\'a{f"{b}"}\'\nf"""c\n{d}"""\n'


def test_a_program_that_falls_into_no_tokens_is_left_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuses(_: object) -> None:
        raise tokenize.TokenError("EOF in multi-line statement")

    monkeypatch.setattr(tokenize, "generate_tokens", refuses)
    assert plain_program(b"__file__  # 1\n") is None


def test_real_programs_stay_the_same_programs() -> None:
    programs = [*Path("app/core").glob("*.py"), *Path("tests/core").glob("*.py"), *Path("tests/corpus").rglob("*.py")]
    assert len(programs) > 300
    for path in programs:
        source = path.read_bytes()
        plain = plain_program(b"__file__  # 8\n" + source)
        assert plain is not None
        assert ast.dump(ast.parse(plain)) == ast.dump(ast.parse(b"__file__\n" + source)), path
        assert not any(token.type == tokenize.COMMENT for token in tokenize.tokenize(io.BytesIO(plain).readline))


@pytest.mark.parametrize(
    "program",
    [
        pytest.param(b"import os  # 8\nprint(1)\n", id="it has no way to its own text"),
        pytest.param(b"open(__file__ # 8\n", id="it cannot be read"),
        pytest.param(b"print ( __file__ )\n", id="nothing is left out"),
        pytest.param(b"#" * (4 << 20) + b"\nprint(__file__)\n", id="it is too large"),
        pytest.param(b"x = __file__  # 1\ny = " + b"(" * 700 + b")" * 700 + b"\n", id="it nests too deeply"),
    ],
)
def test_what_is_not_asked(program: bytes) -> None:
    assert plain_program(program) is None


SLOW = a_run(
    a_spec("perturb-hardcoded-2", purpose="perturb", derivation={"target": "*", "variant": 2, "attack": "hardcoded"}),
    outcome=an_outcome("timeout"),
    result=None,
)
NOT_FOUND = own("hardcoded-1", "nothing in the script spells the printed or measured value")
ANSWERS = [
    pytest.param(own("hardcoded-2", 8.7), "pass", "Nothing in the script spells", id="it stays"),
    pytest.param(own("hardcoded-2", 8.71), "fail", "score goes from 8.7 to 8.71: it is read from them", id="it moves"),
    pytest.param(own("hardcoded-2", None), "fail", "the run crashed: it reads its own text", id="it gives none"),
    pytest.param(SLOW, "pass", "Nothing in the script spells", id="it was too slow, which says nothing"),
]


@pytest.mark.parametrize(("run", "result", "says"), ANSWERS)
def test_a_result_that_goes_with_the_comments_is_read_from_them(run: Run, result: str, says: str) -> None:
    found = control_of("hardcoded", a_seal(), [*MEASURED, NOT_FOUND, run])
    assert found.result.value == result
    assert says in found.detail


def test_what_does_not_repeat_may_differ_here_too() -> None:
    runs = [a_run("measure-0", {"score": 8.7}), a_run("repeat-0", {"score": 8.71}), NOT_FOUND]
    assert control_of("hardcoded", a_seal(), [*runs, own("hardcoded-2", 8.73)]).result.value == "pass"


def test_the_box_holds_the_plain_program() -> None:
    def program(inputs: Mapping[str, bytes], _: int) -> Mapping[str, Any]:
        return {"score": len(inputs)}

    files = a_bundle(reproduce__py=FINDS_ITSELF)
    _, archived = play(a_seal(a_claim(an_expectation("1")), files), files, program)
    (run,) = [item.run for item in archived if item.run.spec.key == "perturb-hardcoded-2"]
    assert run.outcome.notes == ("reproduce.py: without comments and layout",)
    _, archived = play(a_seal(), None, program)
    (run,) = [item.run for item in archived if item.run.spec.key == "perturb-hardcoded-2"]
    assert run.outcome.notes == ("no program of the script shows a way to its own text",)
