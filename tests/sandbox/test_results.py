"""What a program may leave behind, and the tricks with which it might leave something else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sandbox.channel import ARTIFACTS_MAX

if TYPE_CHECKING:
    from tests.sandbox.boxes import Box

pytestmark = pytest.mark.box

NOT_A_FILE = "something that is no regular file, or is closed, was left out of the result and the artifacts"

#: what is done with the result's path R -> the result, and the note
RESULTS = {
    "a file": ("open(R, 'w').write('{}')", b"{}", None),
    "nothing": ("pass", None, None),
    "an empty file": ("open(R, 'w')", b"", None),
    "any bytes": ("open(R, 'wb').write(b'\\xff\\x00')", b"\xff\x00", None),
    "a hard link": ("open('/tmp/x', 'w').write('{}'); os.link('/tmp/x', R)", b"{}", None),
    "a renamed file": ("open('/tmp/x', 'w').write('{}'); os.rename('/tmp/x', R)", b"{}", None),
    "a link to a file": ("open('/tmp/x', 'w').write('{}'); os.symlink('/tmp/x', R)", None, NOT_A_FILE),
    "a link to a host file": ("os.symlink('/etc/passwd', R)", None, NOT_A_FILE),
    "a link to itself": ("os.symlink(R, R)", None, NOT_A_FILE),
    "a link to our descriptor": ("os.symlink('/proc/self/fd/3', R)", None, NOT_A_FILE),
    "a folder": ("os.mkdir(R)", None, NOT_A_FILE),
    "a socket": ("socket.socket(socket.AF_UNIX).bind(R)", None, NOT_A_FILE),
    "a closed file": ("open(R, 'w').write('{}'); os.chmod(R, 0)", None, NOT_A_FILE),
    "no folder for it": ("os.rmdir(os.path.dirname(R))", None, None),
    "a file for its folder": ("os.rmdir(os.path.dirname(R)); open(os.path.dirname(R), 'w')", None, NOT_A_FILE),
    "a FIFO": ("refused(os.mkfifo, R)", None, None),
    "a device": ("refused(os.mknod, R, 0o20666, os.makedev(1, 5))", None, None),
}
HEAD = """
import os, socket, sys
R, O = os.environ["ASSAY_RESULT"], os.environ["ASSAY_OUTPUT"]
def refused(make, *arguments):
    try: make(*arguments)
    except PermissionError: return
    sys.exit("it was made")
def leave(name, data=b"1"):
    path = os.path.join(O, name) if isinstance(name, str) else os.path.join(os.fsencode(O), name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    open(path, "wb").write(data)
"""

#: what is left below the output folder -> the artifacts' names, and a part of the notes
ARTIFACTS = {
    "files and folders": (
        "leave('b.csv'); leave('a/x.bin'); leave('a/b/c/deep')",
        ["a/b/c/deep", "a/x.bin", "b.csv"],
        "",
    ),
    "an empty folder": ("os.mkdir(O + '/empty')", [], ""),
    "a file beside the folder": ("leave('../outside')", [], ""),
    "a link to a file": ("os.symlink('/in', O + '/link'); leave('a')", ["a"], "no regular file"),
    "a link out": ("os.symlink('/etc/ld.so.cache', O + '/link')", [], "no regular file"),
    "a link to a folder": ("os.mkdir('/tmp/d'); os.symlink('/tmp/d', O + '/d')", [], "no regular file"),
    "a hard link to scratch": ("leave('../x'); os.link('/tmp/x', O + '/x')", ["x"], ""),
    "a hard link to an input": ("refused_link = 0\ntry: os.link('/in/table', O + '/x')\nexcept OSError: pass", [], ""),
    "a FIFO": ("refused(os.mkfifo, O + '/fifo')", [], ""),
    "a socket": ("socket.socket(socket.AF_UNIX).bind(O + '/socket')", [], "no regular file"),
    "a closed file": ("leave('a'); os.chmod(O + '/a', 0)", [], "closed"),
    "a closed folder": ("leave('a/b'); leave('c'); os.chmod(O + '/a', 0)", ["c"], "closed"),
    "a name of other bytes": ("leave(b'\\xff\\xfe'); leave('a')", ["a"], "names that are not allowed were left out: 1"),
    "a hidden name": ("leave('.hidden')", [], "names that are not allowed were left out: 1"),
    "a name with a newline": ("leave('a\\nb')", [], "names that are not allowed were left out: 1"),
    "a name of 255 letters": ("leave('x' * 255); leave('a')", ["a"], "names that are not allowed were left out: 1"),
    "a path of 1020 letters": ("leave('/'.join(['x' * 255] * 4)); leave('a')", ["a"], "left out: 1"),
    "too deep": ("leave('a/b/c/d/e'); leave('a/f')", ["a/f"], "deeper than four"),
    "the name that means a result": ("leave('result')", ["result"], ""),
    "no folder": ("os.rmdir(O)", [], "closed"),
    "a file for the folder": ("os.rmdir(O); open(O, 'w')", [], "closed"),
}


@pytest.mark.parametrize(("script", "result", "note"), RESULTS.values(), ids=RESULTS.keys())
def test_a_result_is_a_regular_file_or_none(box: Box, script: str, result: bytes | None, note: str | None) -> None:
    outcome = box.run(HEAD + script)
    assert (outcome.kind, outcome.exit_code, outcome.stderr) == ("exited", 0, b"")
    assert outcome.result == result
    assert outcome.notes == (() if note is None else (note,))


@pytest.mark.parametrize(("script", "names", "note"), ARTIFACTS.values(), ids=ARTIFACTS.keys())
def test_artifacts_are_regular_files_with_plain_names(box: Box, script: str, names: list[str], note: str) -> None:
    outcome = box.run(HEAD + script, {"/in/table": b"1"})
    assert (outcome.kind, outcome.exit_code, outcome.stderr) == ("exited", 0, b"")
    assert [name for name, _ in outcome.artifacts] == names
    assert note in "; ".join(outcome.notes)
    assert bool(outcome.notes) == bool(note)


def test_of_a_thousand_artifacts_the_first_are_kept_and_the_rest_is_said(box: Box) -> None:
    outcome = box.run(HEAD + "for number in range(1000): leave(f'{number:04}')")
    assert [name for name, _ in outcome.artifacts] == [f"{number:04}" for number in range(ARTIFACTS_MAX)]
    assert outcome.notes == (f"there were more than {ARTIFACTS_MAX} artifacts; the rest was left out",)


def test_a_folder_without_end_is_left_at_some_point(box: Box) -> None:
    script = """
for _ in range(1500):
    os.mkdir("d")
    os.chdir("d")
open("x", "w")
"""
    outcome = box.run(HEAD + "os.chdir(O)\n" + script + "leave('a')")
    assert (outcome.kind, outcome.exit_code, outcome.stderr) == ("exited", 0, b"")
    assert [name for name, _ in outcome.artifacts] == ["a"]
    assert any("deeper than four" in note for note in outcome.notes)


def test_nothing_that_a_program_left_running_changes_its_result(box: Box) -> None:
    """All other processes are dead before the result is read."""
    script = """
import time
ready, go = os.pipe()
if os.fork() == 0:
    os.setsid()
    while True:
        open(R + ".new", "w").write("late")
        os.rename(R + ".new", R)
        os.write(go, b".")
        time.sleep(0)
os.read(ready, 1)
open(R, "w").write("mine")
"""
    outcome = box.run(HEAD + script)
    assert outcome.kind == "exited"
    assert outcome.result in {b"mine", b"late", b""}
    assert outcome.artifacts == ()


def test_a_result_that_grows_without_end_is_too_large(box: Box) -> None:
    outcome = box.run(HEAD + "os.truncate(os.open(R, os.O_CREAT | os.O_RDWR), 32 << 20)", result_cap=1 << 20)
    assert (outcome.kind, outcome.limit) == ("output", "result")


def test_a_result_is_kept_when_the_program_fails(box: Box) -> None:
    """Whether it counts is not for the box to say."""
    outcome = box.run(HEAD + "open(R, 'w').write('{}'); sys.exit(3)")
    assert (outcome.exit_code, outcome.result) == (3, b"{}")
