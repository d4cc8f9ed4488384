"""The channel from the box: whatever bytes come, it never raises, never keeps more than its caps, never waits."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox import channel as channel_module
from sandbox.channel import ARTIFACTS_MAX, NAME, NAME_CAP, Channel
from tests.sandbox.boxes import HERE
from tests.sandbox.values import BEGUN, EXIT_0, a_channel, frame, law

RESULT_CAP, OUTPUT_CAP = 100, 300

#: frames, whether the run may go on, then fields of the channel afterwards
TABLE = {
    "nothing": ([], True, {"begun": False, "status": None, "result": None, "artifacts": {}}),
    "the program begins": ([BEGUN], True, {"begun": True}),
    "an exit": ([EXIT_0], True, {"status": ("exit", 0)}),
    "a signal": ([frame(b"S", b"signal 11")], True, {"status": ("signal", 11)}),
    "the first status counts": ([frame(b"S", b"exit 3"), EXIT_0], True, {"status": ("exit", 3)}),
    "a status of letters": ([frame(b"S", b"exit zero")], True, {"status": None}),
    "a negative status": ([frame(b"S", b"exit -1")], True, {"status": None}),
    "a status with more behind it": ([frame(b"S", b"exit 0\n")], True, {"status": None}),
    "a result": ([frame(b"R", b"{}")], True, {"result": b"{}"}),
    "the first result counts": ([frame(b"R", b"1"), frame(b"R", b"2")], True, {"result": b"1"}),
    "an empty result": ([frame(b"R")], True, {"result": b""}),
    "a result at its cap": ([frame(b"R", b"x" * RESULT_CAP)], True, {"result": b"x" * RESULT_CAP}),
    "a result beyond its cap": ([frame(b"R", b"x" * (RESULT_CAP + 1))], False, {"result": None, "too_large": "result"}),
    "an announced result beyond its cap": ([b"R\xff\xff\xff\xff"], False, {"too_large": "result"}),
    "an artifact": ([frame(b"N", b"a/b.csv"), frame(b"D", b"1,2")], True, {"artifacts": {"a/b.csv": b"1,2"}}),
    "an empty artifact": ([frame(b"N", b"a"), frame(b"D")], True, {"artifacts": {"a": b""}}),
    "the first of two artifacts of a name": (
        [frame(b"N", b"a"), frame(b"D", b"1"), frame(b"N", b"a"), frame(b"D", b"2")],
        True,
        {"artifacts": {"a": b"1"}},
    ),
    "data without a name": ([frame(b"D", b"1")], True, {"artifacts": {}}),
    "a name without data": ([frame(b"N", b"a")], True, {"artifacts": {}}),
    "data once more without a name": (
        [frame(b"N", b"a"), frame(b"D", b"1"), frame(b"D", b"2")],
        True,
        {"artifacts": {"a": b"1"}},
    ),
    "too much data without a name": (
        [frame(b"N", b"a"), frame(b"D", b"1"), frame(b"D", b"x" * 400)],
        True,
        {"artifacts": {"a": b"1"}, "unreadable": True, "too_large": None},
    ),
    "artifacts beyond their cap together": (
        [frame(b"N", b"a"), frame(b"D", b"x" * 200), frame(b"N", b"b"), frame(b"D", b"x" * 101)],
        False,
        {"artifacts": {"a": b"x" * 200}, "too_large": "output"},
    ),
    "what the runner found too large": ([frame(b"T", b"result")], True, {"too_large": "result"}),
    "artifacts that the runner found too large": ([frame(b"T", b"output")], True, {"too_large": "output"}),
    "a word for the notes": ([frame(b"W", b"scratch")], True, {"said": {b"scratch"}}),
    "a word that the judge puts into words": ([frame(b"W", b"processes")], True, {"said": {b"processes"}, "notes": []}),
    "an unknown word": ([frame(b"W", b"anything")], True, {"said": set()}),
    "an unknown letter": ([frame(b"X"), EXIT_0], True, {"status": None, "unreadable": True}),
    "a letter with too much": ([frame(b"S", b"x" * 17), EXIT_0], True, {"status": None, "unreadable": True}),
    "what came before the unreadable stays": (
        [EXIT_0, b"garbage", BEGUN],
        True,
        {"status": ("exit", 0), "begun": False},
    ),
    "half a frame": ([b"S\0\0\0\x06exi"], True, {"status": None, "unreadable": False}),
    "half a header": ([b"S\0"], True, {"status": None, "unreadable": False}),
}
NAMES = {
    "plain": (b"table.csv", True),
    "three folders": (b"a/b/c/d.bin", True),
    "leading underscore": (b"_a", True),
    "the longest": (b"/".join([b"x" * 100] * 4), True),
    "empty": (b"", False),
    "parent": (b"..", False),
    "below the parent": (b"../a", False),
    "through the parent": (b"a/../b", False),
    "absolute": (b"/etc/passwd", False),
    "hidden": (b".bashrc", False),
    "hidden below": (b"a/.b", False),
    "option": (b"-rf", False),
    "two slashes": (b"a//b", False),
    "trailing slash": (b"a/", False),
    "four folders": (b"a/b/c/d/e", False),
    "long part": (b"x" * 101, False),
    "NUL": (b"a\0b", False),
    "newline": (b"a\n", False),
    "space": (b"a b", False),
    "backslash": (b"a\\b", False),
    "not UTF-8": (b"\xff\xfe", False),
    "letters beyond ASCII": ("é".encode(), False),
}

letters = st.sampled_from([b"B", b"S", b"R", b"N", b"D", b"T", b"W", b"X"])
payloads = st.one_of(
    st.binary(max_size=400),
    st.sampled_from([b"exit 0", b"signal 9", b"a", b"a/b", b"../a", b"result", b"output", b"scratch", b"files"]),
)
streams = st.lists(st.one_of(st.builds(frame, letters, payloads), st.binary(max_size=20)), max_size=30).map(b"".join)


def _fed(*pieces: bytes) -> tuple[Channel, bool]:
    channel = a_channel(result_cap=RESULT_CAP, output_cap=OUTPUT_CAP)
    answers = [channel.feed(piece) for piece in pieces]
    return channel, all(answers)


@pytest.mark.parametrize(("pieces", "goes_on", "fields"), TABLE.values(), ids=TABLE.keys())
def test_frames_are_read_like_this(pieces: list[bytes], goes_on: bool, fields: dict[str, object]) -> None:  # noqa: FBT001 - a row
    channel, went_on = _fed(b"".join(pieces))
    assert went_on is goes_on
    assert {name: getattr(channel, name) for name in fields} == fields


@pytest.mark.parametrize(("name", "allowed"), NAMES.values(), ids=NAMES.keys())
def test_an_artifact_keeps_its_name_or_is_left_out_and_counted(name: bytes, allowed: bool) -> None:  # noqa: FBT001 - a row
    channel, _ = _fed(frame(b"N", name) + frame(b"D", b"1"))
    assert channel.artifacts == ({name.decode(): b"1"} if allowed else {})
    assert channel.unnamed == (not allowed)
    assert bool(channel.notes) is not allowed


def test_an_artifact_beyond_the_last_is_left_out_and_said() -> None:
    pieces = [frame(b"N", str(number).encode()) + frame(b"D") for number in range(ARTIFACTS_MAX + 2)]
    channel, went_on = _fed(*pieces)
    assert went_on
    assert len(channel.artifacts) == ARTIFACTS_MAX
    assert channel.notes == [f"there were more than {ARTIFACTS_MAX} artifacts; the rest was left out"]


@pytest.mark.parametrize(
    "flood",
    [
        frame(b"N", b"../x"),
        frame(b"D", b"x" * 50),
        frame(b"B"),
        frame(b"W", b"scratch"),
        frame(b"T", b"output"),
        b"?" * 64,
    ],
    ids=["refused names", "data without a name", "beginnings", "words", "too large", "rubbish"],
)
def test_a_flood_of_frames_ends_the_run_and_costs_us_no_memory(flood: bytes) -> None:
    channel = a_channel(result_cap=RESULT_CAP, output_cap=OUTPUT_CAP)
    fed = 0
    while channel.feed(flood * 100):
        fed += len(flood) * 100
        assert fed < 1 << 18
    assert channel.too_large == "output"
    assert len(channel.notes) <= 4
    assert len(channel._buffer) == 0


@pytest.mark.parametrize(
    "flood", [frame(b"N", b"a"), frame(b"B"), frame(b"W", b"kind")], ids=["names", "beginnings", "words"]
)
def test_small_frames_are_counted_however_much_may_be_sent(flood: bytes) -> None:
    channel = a_channel(output_cap=1 << 30)
    fed = 0
    while channel.feed(flood * 100):
        fed += len(flood) * 100
        assert fed < 1 << 16
    assert channel.too_large == "output"


@law
@given(st.lists(st.one_of(streams, st.binary(max_size=2000)), max_size=5))
def test_whatever_is_fed_nothing_is_raised_and_no_cap_is_passed(pieces: list[bytes]) -> None:
    channel, _ = _fed(*pieces)
    assert len(channel.result or b"") <= RESULT_CAP
    assert sum(map(len, channel.artifacts.values())) <= OUTPUT_CAP
    assert len(channel.artifacts) <= ARTIFACTS_MAX
    assert all(NAME.fullmatch(name.encode()) for name in channel.artifacts)
    assert len(channel._buffer) <= max(RESULT_CAP, OUTPUT_CAP, NAME_CAP) + 5 + max(
        [len(piece) for piece in pieces] or [0]
    )
    assert channel.too_large in {None, "result", "output"}


@law
@given(streams, st.data())
def test_how_the_bytes_are_cut_does_not_matter(stream: bytes, data: st.DataObject) -> None:
    at = sorted(data.draw(st.lists(st.integers(min_value=0, max_value=len(stream)), max_size=8)))
    pieces = [stream[start:end] for start, end in zip([0, *at], [*at, len(stream)], strict=True)]
    whole, _ = _fed(stream)
    cut, _ = _fed(*pieces)
    names = ("begun", "status", "result", "artifacts", "too_large", "said", "unnamed", "unreadable")
    assert {name: getattr(cut, name) for name in names} == {name: getattr(whole, name) for name in names}


def test_both_ends_agree_on_how_much_there_may_be() -> None:
    runner = (HERE.parents[1] / "sandbox" / "runner.py").read_text()
    assert f"ARTIFACTS_MAX = {ARTIFACTS_MAX}\n" in runner
    assert f"NAME_CAP = {NAME_CAP}\n" in runner
    longest = b"/".join([b"x" * 100] * 4)
    assert len(longest) == NAME_CAP - 1
    assert NAME.fullmatch(longest)
    for word in channel_module._WORDS:
        assert f'say(b"{word.decode()}")' in runner
