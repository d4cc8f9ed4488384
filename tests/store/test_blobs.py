from __future__ import annotations

import os
import stat
import threading
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.canonical import digest
from app.core.errors import Fault
from app.store import blobs as module
from app.store.blobs import Blobs
from app.store.errors import BlobMissing, BlobTampered

if TYPE_CHECKING:
    from collections.abc import Iterator
    from io import BufferedReader

DAY = 86_400.0


@pytest.fixture
def blobs(tmp_path: Path) -> Blobs:
    """Return an empty folder of blobs."""
    return Blobs(tmp_path / "blobs")


def lying(blobs: Blobs) -> list[str]:
    """Return the names of everything in the folder but the locks."""
    return sorted(path.name for path in blobs.folder.rglob("*") if path.is_file() and not path.name.startswith("lock-"))


def age(blobs: Blobs, found: str, seconds: float = 2 * DAY) -> None:
    """Let a blob have been put so long ago."""
    path = blobs.path(found)
    then = path.stat().st_mtime - seconds
    os.utime(path, (then, then))


def overwrite(blobs: Blobs, found: str, data: bytes) -> None:
    """Put other bytes in a blob's place, as a broken disk or a hand would."""
    path = blobs.path(found)
    path.chmod(0o600)
    path.write_bytes(data)


@given(data=st.binary(max_size=2_000), cuts=st.lists(st.integers(0, 2_000), max_size=5))
@settings(max_examples=40, deadline=None)
def test_what_is_put_in_whatever_pieces_is_what_is_read(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, cuts: list[int]
) -> None:
    blobs = Blobs(tmp_path_factory.getbasetemp() / "law")
    edges = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    pieces = [data[start:end] for start, end in pairwise(edges)]
    assert blobs.put_stream(pieces) == (digest(data), len(data))
    assert blobs.read(digest(data)) == data
    assert blobs.put(data) == digest(data)


def test_the_same_bytes_are_kept_once(blobs: Blobs) -> None:
    first = blobs.put(b"scores")
    written = blobs.path(first).stat().st_ino
    assert blobs.put(b"scores") == first
    assert blobs.put_stream([b"sco", b"res"]) == (first, 6)
    assert len(lying(blobs)) == 1
    assert blobs.path(first).stat().st_ino == written


def test_a_stream_that_breaks_leaves_nothing(blobs: Blobs) -> None:
    def broken() -> Iterator[bytes]:
        yield b"half"
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        blobs.put_stream(broken())
    assert lying(blobs) == []


def test_bytes_that_were_changed_are_a_fault_of_ours(blobs: Blobs) -> None:
    found = blobs.put(b"8.7")
    overwrite(blobs, found, b"9.9")
    with pytest.raises(BlobTampered, match=f"{found} has other bytes. Restore it from a backup") as caught:
        blobs.read(found)
    assert isinstance(caught.value, Fault)
    assert caught.value.reason_code == "INTERNAL_ERROR"


def test_bytes_that_were_cut_short_are_a_fault_of_ours(blobs: Blobs) -> None:
    found = blobs.put(b"8.7" * 1000)
    overwrite(blobs, found, b"8.7" * 999)
    with pytest.raises(BlobTampered):
        blobs.read(found)


def test_a_file_that_is_gone_is_a_fault_of_ours(blobs: Blobs) -> None:
    found = blobs.put(b"8.7")
    blobs.path(found).unlink()
    with pytest.raises(BlobMissing, match=f"{found} is missing") as caught:
        blobs.read(found)
    assert caught.value.reason_code == "INTERNAL_ERROR"


@pytest.mark.parametrize("way", ["put", "put_stream"])
def test_putting_the_right_bytes_heals_wrong_ones(blobs: Blobs, way: str) -> None:
    found = blobs.put(b"8.7")
    overwrite(blobs, found, b"9.9")
    if way == "put":
        blobs.put(b"8.7")
    else:
        blobs.put_stream([b"8.7"])
    assert blobs.read(found) == b"8.7"


def test_nobody_but_the_owner_sees_blobs_and_nobody_writes_them(blobs: Blobs) -> None:
    path = blobs.path(blobs.put(b"secret"))
    assert stat.S_IMODE(path.stat().st_mode) == 0o444
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert stat.S_IMODE(blobs.folder.stat().st_mode) == 0o700


@pytest.mark.parametrize(
    "name",
    [
        "",
        "sha256:",
        "sha256:" + "A" * 64,
        "sha256:" + "a" * 63,
        "md5:" + "a" * 64,
        "../etc/passwd",
        "sha256:" + "a" * 64 + "\n",
    ],
)
def test_what_is_no_digest_names_no_file(blobs: Blobs, name: str) -> None:
    with pytest.raises(ValueError, match="is not a digest"):
        blobs.path(name)


def test_writers_of_the_same_bytes_do_not_disturb_each_other(blobs: Blobs) -> None:
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda number: blobs.put_stream([b"same", str(number % 3).encode()])[0], range(60)))
    assert len(set(found)) == 3
    assert {blobs.read(name) for name in found} == {b"same0", b"same1", b"same2"}
    assert len(lying(blobs)) == 3


def test_old_blobs_are_stale_and_fresh_ones_are_not(blobs: Blobs) -> None:
    old, fresh = blobs.put(b"old"), blobs.put(b"fresh")
    age(blobs, old)
    assert list(blobs.stale(DAY)) == [old]
    assert not blobs.remove_stale(fresh, DAY)
    assert blobs.remove_stale(old, DAY)
    assert not blobs.remove_stale(old, DAY)
    assert lying(blobs) == [fresh.removeprefix("sha256:")]


@pytest.mark.parametrize("way", ["put", "put_stream"])
def test_a_blob_that_is_put_again_is_young_again(blobs: Blobs, way: str) -> None:
    """A submission in flight holds no row yet; the age of its blobs is all that protects them."""
    found = blobs.put(b"orphan")
    age(blobs, found)
    if way == "put":
        blobs.put(b"orphan")
    else:
        blobs.put_stream([b"orphan"])
    assert not blobs.remove_stale(found, DAY)
    assert blobs.read(found) == b"orphan"


def test_a_blob_is_never_removed_under_somebody_who_puts_it(blobs: Blobs) -> None:
    found = blobs.put(b"contested")

    def put() -> bytes:
        return blobs.read(blobs.put(b"contested"))

    with ThreadPoolExecutor(4) as pool:
        for _ in range(50):
            age(blobs, found)
            removing = [pool.submit(blobs.remove_stale, found, DAY) for _ in range(2)]
            assert [item.result() for item in [pool.submit(put) for _ in range(2)]] == [b"contested"] * 2
            for item in removing:
                item.result()


def test_who_puts_while_somebody_removes_waits_and_writes_anew(blobs: Blobs, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between the last look at a blob's age and its removal nobody may count on it."""
    found = blobs.put(b"contested")
    age(blobs, found)
    putter = threading.Thread(target=blobs.put, args=(b"contested",))
    older = module._older

    def look(path: Path, seconds: float) -> bool:
        old = older(path, seconds)
        putter.start()
        putter.join(0.3)  # it has all the time it wants; the lock is what keeps it
        return old

    monkeypatch.setattr(module, "_older", look)
    assert blobs.remove_stale(found, DAY)
    putter.join(20)
    assert blobs.read(found) == b"contested"


@pytest.mark.parametrize("change", ["removed", "replaced"])
def test_what_goes_while_its_bytes_are_hashed_is_written_anew(
    blobs: Blobs, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    """Nobody waits for a hash, so a sweeper may come between."""
    found = blobs.put(b"contested")
    age(blobs, found)
    sweeper = threading.Thread(target=blobs.remove_stale, args=(found, DAY))
    hold = module._holds

    def holds(file: BufferedReader, name: str) -> bool:
        whole = hold(file, name)
        if sweeper.ident is not None:
            return whole
        sweeper.start()
        sweeper.join(5)
        if change == "replaced":
            blobs.path(found).write_bytes(b"by a hand")
        return whole

    monkeypatch.setattr(module, "_holds", holds)
    assert blobs.put(b"contested") == found
    monkeypatch.undo()
    assert blobs.read(found) == b"contested"


def test_nobody_waits_while_a_blob_is_hashed_whose_digest_begins_alike(
    blobs: Blobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    alike = (data for data in iter(lambda: os.urandom(8), b"") if digest(data)[7:9] == "ab")
    first, second = next(alike), next(alike)
    found = blobs.put(first)
    begun, over = threading.Event(), threading.Event()
    hold = module._holds

    def holds(file: BufferedReader, name: str) -> bool:
        if name == found:
            begun.set()
            over.wait(20)
        return hold(file, name)

    monkeypatch.setattr(module, "_holds", holds)
    slow = threading.Thread(target=blobs.put, args=(first,))
    quick = threading.Thread(target=blobs.put, args=(second,))
    slow.start()
    assert begun.wait(20)
    quick.start()
    quick.join(5)
    waited = quick.is_alive()
    over.set()
    slow.join(20)
    quick.join(20)
    assert not waited
    assert blobs.read(digest(second)) == second


def test_the_bytes_that_a_blob_replaces_are_freed_behind_its_back(
    blobs: Blobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It takes longer the more they are, so that the time of a `keep` would tell that they were there."""
    close = os.close
    closed: list[tuple[int, int]] = []

    def noted(handle: int) -> None:
        closed.append((os.fstat(handle).st_ino, threading.get_ident()))
        close(handle)

    counts = []
    for _ in range(2):
        old = blobs.path(digest(b"large")).stat().st_ino if counts else Path(os.devnull).stat().st_ino
        with blobs.begin() as growing, monkeypatch.context() as patched:
            growing.write(b"large")
            growing.settle(anyway=True)
            patched.setattr(module.os, "close", noted)
            before = set(threading.enumerate())
            growing.keep()
            for thread in set(threading.enumerate()) - before:
                thread.join(20)
        assert [thread != threading.get_ident() for inode, thread in closed if inode == old] == [True]
        counts.append(len(closed))
        closed.clear()
    assert counts[0] - 1 == counts[1], "the new folder of the first is flushed too"


def test_a_settled_blob_has_no_name_until_it_is_kept(blobs: Blobs) -> None:
    with blobs.begin() as growing:
        growing.write(b"refused")
        growing.settle()
        assert [name[:4] for name in lying(blobs)] == ["new-"]
    assert lying(blobs) == []
    with blobs.begin() as growing:
        growing.write(b"kept")
        growing.settle()
        assert growing.keep() == digest(b"kept")
    assert blobs.read(digest(b"kept")) == b"kept"


def test_a_blob_that_is_named_is_young_again_and_nothing_is_read(blobs: Blobs, monkeypatch: pytest.MonkeyPatch) -> None:
    assert blobs.renew(digest(b"named")) is None
    found = blobs.put(b"named")
    age(blobs, found)
    monkeypatch.setattr(module, "_holds", lambda *_: pytest.fail("its bytes were read"))
    assert blobs.renew(found) == 5
    assert not blobs.remove_stale(found, DAY)
    age(blobs, found)
    assert blobs.remove_stale(found, DAY)
    assert blobs.renew(found) is None


def test_files_of_writers_that_crashed_are_removed_and_those_of_others_are_not(blobs: Blobs) -> None:
    kept = blobs.put(b"whole")
    for name, seconds in (("new-crashed", 2 * DAY), ("new-busy", 0)):
        path = blobs.folder / name
        path.write_bytes(b"half")
        then = path.stat().st_mtime - seconds
        os.utime(path, (then, then))
    age(blobs, kept)
    assert blobs.remove_unfinished(DAY) == 1
    assert lying(blobs) == sorted([kept.removeprefix("sha256:"), "new-busy"])
