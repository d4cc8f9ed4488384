"""What a script complained of before it ended: which run is quoted, and with which lines."""

from __future__ import annotations

from typing import Any

import pytest

from app.core.complaint import RUNS_ASKED_MAX, complaint, last_words, quoted, with_words


def a_run(key: str, stderr: str | None = None, exit_code: int | None = 0, kind: str = "exited") -> dict[str, Any]:
    return {"id": f"run_{key}", "key": key, "outcome": {"kind": kind, "exit_code": exit_code}, "stderr": stderr}


WORDS = [
    (b"", ""),
    (b"\n\n", ""),
    (b"one\r\n\ntwo\n", "one\ntwo"),
    (b"\x1b[31mred\x1b[0m\x00", "?[31mred?[0m?"),
    ("\u202eevil\u2028x".encode(), "?evil?x"),
    (b"\xff\tx", "\N{REPLACEMENT CHARACTER}   x"),
    (b"x" * 201, "x" * 199 + "…"),
    (b"x\n" * 30, "\n".join("x" * 20)),
    (b"lost\n" + b" " * 20_000 + b"\nkept", "kept"),
]


@pytest.mark.parametrize(("stderr", "shown"), WORDS)
def test_last_words_are_few_short_and_plain(stderr: bytes, shown: str) -> None:
    assert last_words(stderr) == shown


def test_the_run_that_failed_is_quoted_before_one_that_only_warned() -> None:
    runs = [a_run("a", "a warning"), a_run("b", "killed", None, "timeout"), a_run("c", "x", 1)]
    assert complaint([], runs) == ("b", ["killed"])
    assert complaint([], [a_run("a", ""), {**a_run("b", ""), "outcome": None}]) is None
    assert complaint(["anything"], runs) is None


def test_the_log_of_the_run_that_failed_is_asked_for_first_and_of_few_others() -> None:
    runs = [a_run(key) for key in "abcde"] + [a_run("f", exit_code=1), {**a_run("g"), "outcome": None}]
    asked: list[str] = []

    def silent(run_id: str) -> bytes:
        asked.append(run_id)
        return b"\n"

    assert with_words([], runs, silent) == runs
    assert asked == ["run_f", "run_a", "run_b"]
    assert len(asked) == RUNS_ASKED_MAX
    found = with_words([], runs, lambda run_id: b"no such column" if run_id == "run_f" else b"")
    assert [run["key"] for run in found if run["stderr"]] == ["f"]
    assert complaint([], found) == ("f", ["no such column"])
    assert with_words(["anything"], runs, lambda _: pytest.fail("there is a number")) == runs


def test_whose_words_they_are_is_said_before_them() -> None:
    assert quoted(("measure-0", ["one", "two"])) == [
        "The script's own last words on stderr in measure-0:",
        "| one",
        "| two",
    ]
    assert quoted(None) == []
