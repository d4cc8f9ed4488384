"""Reading archives: every good one gives its files, every hostile one is refused within small bounds of time and memory."""

from __future__ import annotations

import io
import os
import socket
import subprocess
import sys
import tarfile
import textwrap
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.errors import Refusal
from app.intake import ArchiveLimits, bundle_files, read_archive, read_folder
from tests.api.bundles import formula_bundle, inside, script_bundle, tarred, zipped
from tests.api.hostile import ARCHIVES, CLAIM_MEMBER, MIB, header, member, pax, pax_records, tar

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

LONG = "data/" + "d" * 120 + "/" + "f" * 80 + ".csv"


def whole(_: str, chunks: Iterator[bytes]) -> bytes:
    return b"".join(chunks)


def read(archive: bytes, limits: ArchiveLimits | None = None) -> dict[str, bytes]:
    return read_archive(io.BytesIO(archive), limits or ArchiveLimits(), whole)


def attempt(archive: bytes) -> dict[str, bytes] | Refusal:
    """Return the files or the refusal; anything else that is raised is a surprise."""
    try:
        return read(archive)
    except Refusal as refusal:
        return refusal


GOOD: dict[str, tuple[bytes, Mapping[str, bytes]]] = {
    "pax with long and foreign names": (
        tarred({**formula_bundle(), LONG: b"1", "donn\u00e9es/\u6570\u636e.csv": b"2"}),
        {**formula_bundle(), LONG: b"1", "donn\u00e9es/\u6570\u636e.csv": b"2"},
    ),
    "GNU with long names": (
        tarred({**formula_bundle(), LONG: b"1"}, "w:gz", tarfile.GNU_FORMAT),
        {**formula_bundle(), LONG: b"1"},
    ),
    "ustar with a prefix": (tarred({LONG: b"1"}, "w", tarfile.USTAR_FORMAT), {LONG: b"1"}),
    "zip with foreign names": (zipped({"donn\u00e9es.csv": b"1"}), {"donn\u00e9es.csv": b"1"}),
    "dots in front, as `tar c .` writes": (tarred(inside(".", formula_bundle())), formula_bundle()),
    "folders on the way": (tar(header("x/", 0, b"5"), member("x/claim.toml", b"c")), {"claim.toml": b"c"}),
    "an empty file": (tarred({"a": b"", "b": b"1"}), {"a": b"", "b": b"1"}),
    "sizes around a block": (
        tarred({str(size): b"z" * size for size in (1, 511, 512, 513, 65_536, 65_537)}),
        {str(size): b"z" * size for size in (1, 511, 512, 513, 65_536, 65_537)},
    ),
    "a comment for everything, as git writes": (
        tar(member("g", pax_records({"comment": "0123abcd"}), b"g"), CLAIM_MEMBER),
        formula_bundle(),
    ),
    "times and owners in extended headers": (
        tar(pax(mtime="1.5", uname="me", path="renamed.csv"), member("short", b"1")),
        {"renamed.csv": b"1"},
    ),
    "twelve folders deep": (tarred({"d/" * 12 + "f": b"1"}), {"d/" * 12 + "f": b"1"}),
    "leftovers of tools": (
        tarred(
            {**formula_bundle(), ".git/config": b"x", "__pycache__/a.pyc": b"x", "a.py~": b"x", "d/.DS_Store": b"x"}
        ),
        formula_bundle(),
    ),
    "padding to a round size": (tar(CLAIM_MEMBER, end=b"\0" * 10_240), formula_bundle()),
    "zeros behind gzip": (tarred(formula_bundle()) + b"\0" * 700, formula_bundle()),
    "two thousand files": (zipped({f"f{n}": b"x" for n in range(2_000)}), {f"f{n}": b"x" for n in range(2_000)}),
    "one folder around": (zipped(inside("x", script_bundle())), script_bundle()),
    "a claim and folders beside": (tarred({"claim.toml": b"c", "x/a": b"1"}), {"claim.toml": b"c", "x/a": b"1"}),
}


@pytest.mark.parametrize("name", GOOD)
def test_a_good_archive_gives_its_files(name: str) -> None:
    archive, files = GOOD[name]
    assert read(archive) == dict(files)


@pytest.mark.parametrize("name", [name for name, (_, code) in ARCHIVES.items() if code != "missing-claim"])
def test_a_hostile_archive_is_refused_with_its_reason_and_a_remedy(name: str) -> None:
    archive, code = ARCHIVES[name]
    with pytest.raises(Refusal) as refused:
        read(archive)
    (problem,) = refused.value.problems
    assert problem.code == code
    assert problem.detail
    assert problem.remedy
    assert problem.detail.isascii()


def test_every_limit_is_closed() -> None:
    """What is exactly at the limit is accepted, one more is not."""
    limits = ArchiveLimits(unpacked_bytes=3, files=2, depth=1, packed_bytes=10_000)
    assert read(tarred({"a": b"1", "d/b": b"23"}), limits) == {"a": b"1", "d/b": b"23"}
    for files, code in (
        ({"a": b"12", "b": b"34"}, "too-large"),
        ({"a": b"", "b": b"", "c": b""}, "too-many-files"),
        ({"d/e/f": b""}, "too-deep"),
    ):
        with pytest.raises(Refusal) as refused:
            read(tarred(files), limits)
        assert refused.value.code == code
    with pytest.raises(Refusal) as refused:
        read(tarred({"a": b"1"}, "w"), limits)
    assert refused.value.code == "too-large"


def test_the_ratio_counts_once_it_means_something() -> None:
    padded = {"zeros": b"\0" * MIB}
    assert read(tarred(padded)) == padded
    with pytest.raises(Refusal) as refused:
        read(tarred({"zeros": b"\0" * (MIB + 1)}))
    assert refused.value.code == "bomb"


CUT = {
    "tar.gz": tarred(script_bundle()),
    "tar": tarred(script_bundle(), "w"),
    "zip": zipped(script_bundle()),
    "GNU tar.gz": tarred({**script_bundle(), LONG: b"1"}, "w:gz", tarfile.GNU_FORMAT),
}


@pytest.mark.parametrize("name", CUT)
def test_a_truncated_archive_is_refused_or_still_whole(name: str) -> None:
    """Cut after every 100th byte; only the padding after a plain tar's end mark may be missing."""
    archive = CUT[name]
    files = read(archive)
    found = [attempt(archive[:size]) for size in range(0, len(archive), 100)]
    refusals = [item for item in found if isinstance(item, Refusal)]
    assert {item.code for item in refusals} <= {"bad-archive", "unknown-archive"}
    assert all(item == files for item in found if not isinstance(item, Refusal))
    assert len(refusals) >= len(range(0, len(archive.rstrip(b"\0")), 100))


@settings(max_examples=300, deadline=None)
@given(data=st.data(), name=st.sampled_from(sorted(CUT)))
def test_any_damage_is_a_refusal_or_no_damage_and_never_a_surprise(data: st.DataObject, name: str) -> None:
    archive = bytearray(CUT[name])
    for _ in range(data.draw(st.integers(1, 8))):
        archive[data.draw(st.integers(0, len(archive) - 1))] = data.draw(st.integers(0, 255))
    found = attempt(bytes(archive))
    assert isinstance(found, dict) or found.problems[0].remedy


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=3_000), st.sampled_from([b"", b"PK\3\4", b"PK\5\6", b"\x1f\x8b\x08\0\0\0\0\0\0\3"]))
def test_noise_is_refused(noise: bytes, head: bytes) -> None:
    with pytest.raises(Refusal):
        read(head + noise)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.binary(max_size=40), max_size=30))
def test_any_extended_header_is_read_or_refused(records: list[bytes]) -> None:
    found = attempt(tar(member("p", b"".join(records), b"x"), member("a", b"1")))
    assert len(found) <= 1 if isinstance(found, dict) else found.problems[0].remedy


WORST = {
    name: archive
    for name, (archive, _) in ARCHIVES.items()
    if "bomb" in name
    or "48 MiB" in name
    or "too many" in name
    or "entries" in name
    or "LZMA" in name
    or "bzip2" in name
}


@pytest.mark.parametrize("name", WORST)
def test_a_bomb_takes_little_memory_and_little_time(name: str, tmp_path: Path) -> None:
    """Read in a process of its own, which counts what it took; the bounds are wide, a bomb that goes off is wider."""
    (tmp_path / "bomb").write_bytes(WORST[name])
    program = textwrap.dedent("""
        import collections, resource, sys, time
        from app.core.errors import Refusal
        from app.intake import ArchiveLimits, read_archive
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        begun = time.process_time()
        try:
            with open(sys.argv[1], "rb") as file:
                read_archive(file, ArchiveLimits(), lambda _, chunks: collections.deque(chunks, maxlen=0))
        except Refusal:
            pass
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before, time.process_time() - begun)
    """)
    said = subprocess.run(
        [sys.executable, "-c", program, tmp_path / "bomb"], capture_output=True, text=True, check=True, timeout=60
    ).stdout
    kib, seconds = said.split()
    assert int(kib) < 24 * 1024
    assert float(seconds) < 5


def test_the_sinks_own_errors_stay_errors() -> None:
    """A full disk is not the archive's fault."""

    def full(_: str, chunks: Iterator[bytes]) -> None:
        for _chunk in chunks:
            raise OSError(28, "No space left on device")

    for archive in (tarred(formula_bundle()), zipped(formula_bundle())):
        with pytest.raises(OSError, match="No space left"):
            read_archive(io.BytesIO(archive), ArchiveLimits(), full)


class Failing(io.BytesIO):
    """A stream on a disk that fails in its second half."""

    def read(self, size: int | None = -1) -> bytes:
        if self.tell() > len(self.getvalue()) // 2:
            raise OSError(5, "Input/output error")
        return super().read(-1 if size is None else size)


@pytest.mark.parametrize("mode", ["w:gz", "w"])
def test_a_disk_that_fails_while_reading_is_not_the_archives_fault(mode: str) -> None:
    with pytest.raises(OSError, match="Input/output"):
        read_archive(Failing(tarred({"a": os.urandom(300_000)}, mode)), ArchiveLimits(), whole)


# --- folders ---------------------------------------------------------------------------------------------------------


def lay(folder: Path, files: Mapping[str, bytes]) -> Path:
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


def test_a_folder_gives_the_same_files_as_its_archive(tmp_path: Path) -> None:
    files = {**script_bundle(), "data/b.csv": b"1", "data/a.csv": b"2"}
    litter = {".git/HEAD": b"x", "__pycache__/m.pyc": b"x", "reproduce.py~": b"x", ".hidden": b"x", "m.pyo": b"x"}
    folder = lay(tmp_path, {**files, **litter})
    assert read_folder(folder, ArchiveLimits(), whole) == read(tarred({**files, **litter})) == files


def test_a_folder_is_read_in_a_fixed_order(tmp_path: Path) -> None:
    folder = lay(tmp_path, dict.fromkeys(("b", "a/z", "a/b/c", "c", "a/a"), b""))
    names = [name for name, _ in bundle_files(folder)]
    assert names == [name for name, _ in bundle_files(folder)]
    assert set(names) == {"b", "a/z", "a/b/c", "c", "a/a"}


@pytest.mark.parametrize("kind", ["link to a file", "link to a folder", "dangling link", "FIFO", "socket"])
def test_what_is_no_file_in_a_folder_is_refused(tmp_path: Path, kind: str) -> None:
    folder = lay(tmp_path / "bundle", formula_bundle())
    odd = folder / "odd"
    match kind:
        case "link to a file":
            odd.symlink_to(folder / "claim.toml")
        case "link to a folder":
            odd.symlink_to(tmp_path)
        case "dangling link":
            odd.symlink_to(tmp_path / "nowhere")
        case "FIFO":
            os.mkfifo(odd)
        case _:
            with socket.socket(socket.AF_UNIX) as own:
                own.bind(str(odd))
    with pytest.raises(Refusal) as refused:
        read_folder(folder, ArchiveLimits(), whole)
    assert refused.value.code == "not-a-file"
    assert refused.value.problems[0].file == "odd"


def test_a_folder_has_the_limits_of_an_archive(tmp_path: Path) -> None:
    folder = lay(tmp_path, {str(number): b"x" for number in range(5)})
    for limits, code in (
        (ArchiveLimits(files=4), "too-many-files"),
        (ArchiveLimits(unpacked_bytes=4), "too-large"),
    ):
        with pytest.raises(Refusal) as refused:
            read_folder(folder, limits, whole)
        assert refused.value.code == code


def test_a_hidden_folder_is_not_entered(tmp_path: Path) -> None:
    """A folder under version control holds thousands of objects that are none of ours."""
    folder = lay(tmp_path, {**formula_bundle(), **{f".git/objects/{number}": b"" for number in range(50)}})
    assert read_folder(folder, ArchiveLimits(files=1), whole) == formula_bundle()
