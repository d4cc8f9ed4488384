"""Where lines begin: whatever is read through the index is what the whole log says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core import loglines
from app.core.loglines import BLOCK, WINDOW_BYTES_MAX, index, window

if TYPE_CHECKING:
    from collections.abc import Callable


def lines_of(log: bytes) -> list[bytes]:
    """Return every line, read as a whole."""
    return log.removesuffix(b"\n").split(b"\n") if log else []


def reader(log: bytes, asked: list[int] | None = None) -> Callable[[int, int], bytes]:
    def read(offset: int, number: int) -> bytes:
        if asked is not None:
            asked.append(min(number, len(log) - offset))
        return log[offset : offset + number]

    return read


@given(
    st.lists(st.sampled_from([b"", b"x", b"ab\r", b"y" * 40]), max_size=60),
    st.sampled_from(["", "\n"]),
    st.integers(1, 80),
    st.integers(1, 20),
    st.sampled_from([1, 2, 7, 64, BLOCK]),
)
def test_a_window_shows_the_lines_that_it_names(
    lines: list[bytes], ended: str, first: int, number: int, block: int
) -> None:
    log = b"\n".join(lines) + (ended.encode() if lines else b"")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loglines, "BLOCK", block)
        known = index(log)
        found = window(known, reader(log), first, number)
    whole = lines_of(log)
    assert known.lines == len(whole)
    first = min(first, max(len(whole), 1))
    assert (found.first, list(found.lines)) == (first, whole[first - 1 : first - 1 + number])


def test_the_end_of_a_long_log_is_read_without_the_rest() -> None:
    log = b"".join(b"line %d of a log that is long\n" % number for number in range(1, 300_001))
    known = index(log)
    asked: list[int] = []
    found = window(known, reader(log, asked), known.lines - 499, 500)
    assert (found.first, found.lines[-1]) == (299_501, b"line 300000 of a log that is long")
    assert sum(asked) <= 2 * BLOCK
    assert window(known, reader(log), 123_456, 1).lines == (b"line 123456 of a log that is long",)


def test_a_line_without_end_fills_no_page() -> None:
    log = b"first\n" + b"x" * (5 * WINDOW_BYTES_MAX)
    asked: list[int] = []
    found = window(index(log), reader(log, asked), 1, 500)
    assert found.lines[0] == b"first"
    assert sum(map(len, found.lines)) <= WINDOW_BYTES_MAX
    assert sum(asked) <= WINDOW_BYTES_MAX + BLOCK


def test_a_log_that_was_cut_since_shows_no_line_under_another_s_number() -> None:
    log = b"one\ntwo\nthree\nfour\n"
    found = window(index(log), reader(log[:6]), 4, 2)
    assert (found.first, b"".join(found.lines)) == (4, b"")


@pytest.mark.parametrize(
    ("log", "line"),
    [
        (b"", None),
        (b"all well\nno errors\n", None),
        (b"fine\nTraceback (most recent call last):\n  ...\nValueError: x\n", 2),
        (b"a\nb\nsklearn.exceptions.NotFittedError: x\n", 3),
        (b"ok\nERROR could not\n", 2),
        (b"ok\nerror: no such file\n", 2),
        (b"ok\nSegmentation fault\n", 2),
        (b"mean error 0.3\nthe error is small\n", None),
    ],
)
def test_the_first_error_is_found_by_what_errors_look_like(log: bytes, line: int | None) -> None:
    assert index(log).first_error == line


def test_a_hostile_log_costs_no_more_than_an_honest_one() -> None:
    """A pattern that begins with any word takes hours on one word without end."""
    index(b"a." * (1 << 20) + b"Erro" * (1 << 18))
