"""Pieces of a live log: what is new, whole lines, and never more than one run may pass on."""

from __future__ import annotations

from app.store.events import LIVE_BYTES_MAX
from sandbox import Usage
from workers.live import LiveLog


def usage(stdout: bytes, total: int | None = None, stderr: bytes = b"") -> Usage:
    return Usage(1, 1, 1, stdout, stderr, len(stdout) if total is None else total, len(stderr))


def said(log: LiveLog, seen: Usage) -> list[tuple[str, int, str]]:
    return [(piece.stream, piece.offset, piece.text) for piece in log.pieces(seen)]


def test_only_what_is_new_is_passed_on_in_whole_lines() -> None:
    log = LiveLog()
    assert said(log, usage(b"one\ntw")) == [("stdout", 0, "one\n")]
    assert said(log, usage(b"one\ntwo\n", stderr=b"oh\n")) == [("stdout", 4, "two\n"), ("stderr", 0, "oh\n")]
    assert said(log, usage(b"one\ntwo\n", stderr=b"oh\n")) == []


def test_what_went_out_of_sight_leaves_a_gap_that_the_offset_tells() -> None:
    log = LiveLog()
    assert said(log, usage(b"a\n")) == [("stdout", 0, "a\n")]
    assert said(log, usage(b"x\ny\n", total=100)) == [("stdout", 96, "x\ny\n")]


def test_a_line_without_end_is_passed_on_as_far_as_it_goes() -> None:
    assert said(LiveLog(), usage(b"\xe9\xff....")) == [("stdout", 0, "\ufffd\ufffd....")]


def test_one_run_passes_on_no_more_than_it_may() -> None:
    log, total, passed = LiveLog(), 0, 0
    for _ in range(100):
        total += 8192
        passed += sum(len(text) for _, _, text in said(log, usage(b"z" * 8192, total=total)))
    assert passed == LIVE_BYTES_MAX
