"""Archives as a hostile or clumsy sender would make them, each with the code of its refusal.

Built once at import, small on disk. What needs a broken header is written byte by byte, because no library writes it.
"""

from __future__ import annotations

import gzip
import io
import stat
import struct
import zipfile
import zlib
from typing import TYPE_CHECKING

from tests.api.bundles import CLAIM, formula_bundle, tarred, zipped

if TYPE_CHECKING:
    from collections.abc import Iterable

MIB = 1 << 20
FILES = formula_bundle()
BLOCK = 512


# --- tar, block by block ---------------------------------------------------------------------------------------------


def header(name: str | bytes, size: int, kind: bytes = b"0", link: str = "") -> bytes:
    """Return one header block with a right checksum."""
    raw = name if isinstance(name, bytes) else name.encode()
    block = bytearray(BLOCK)
    block[0 : len(raw)] = raw
    block[100:108] = b"0000644\0"
    block[124:136] = b"%011o\0" % size if size >= 0 else size.to_bytes(12, "big", signed=True)
    block[136:148] = b"00000000000\0"
    block[156:157] = kind
    block[157 : 157 + len(link)] = link.encode()
    block[257:265] = b"ustar\00000"
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


def member(name: str | bytes, data: bytes, kind: bytes = b"0") -> bytes:
    """Return header, contents and padding."""
    return header(name, len(data), kind) + data + b"\0" * (-len(data) % BLOCK)


def pax(**records: str | bytes) -> bytes:
    """Return an extended header."""
    return member("PaxHeader", pax_records(records), b"x")


def pax_records(records: dict[str, str | bytes]) -> bytes:
    """Return the payload of an extended header; every record counts its own length."""
    lines = b""
    for key, value in records.items():
        raw = value if isinstance(value, bytes) else value.encode()
        rest = b" " + key.replace("_", ".").encode() + b"=" + raw + b"\n"
        size = len(rest) + 1
        while len(str(size)) + len(rest) != size:
            size += 1
        lines += str(size).encode() + rest
    return lines


def tar(*parts: bytes, end: bytes = b"\0" * 2 * BLOCK) -> bytes:
    """Return blocks as a `.tar.gz`."""
    return gzip.compress(b"".join(parts) + end, mtime=0)


def special(name: str, kind: bytes, link: str = "") -> bytes:
    """Return a `.tar.gz` with the claim and one member of a kind that carries no contents."""
    return tar(member("claim.toml", FILES["claim.toml"]), header(name, 0, kind, link))


def streamed(blocks: Iterable[bytes]) -> bytes:
    """Return blocks compressed one after the other, without having them all at once."""
    packer = zlib.compressobj(9, wbits=31)
    return b"".join(packer.compress(block) for block in blocks) + packer.flush()


CLAIM_MEMBER = member("claim.toml", FILES["claim.toml"])
ALL_FILES = 2_001


# --- zip, record by record -------------------------------------------------------------------------------------------


def zip_of(*infos: tuple[zipfile.ZipInfo | str, bytes]) -> bytes:
    """Return a zip in which members have the given attributes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("claim.toml", FILES["claim.toml"])
        for info, data in infos:
            archive.writestr(info, data)
    return buffer.getvalue()


def with_mode(name: str, mode: int) -> zipfile.ZipInfo:
    """Return a member that says it was a file of this kind."""
    info = zipfile.ZipInfo(name)
    info.external_attr = mode << 16
    return info


def patched(archive: bytes, offset_in_directory: int, value: bytes, entry: int = 0) -> bytes:
    """Return a zip with bytes of one entry of its directory changed."""
    data = bytearray(archive)
    at = -1
    for _ in range(entry + 1):
        at = data.index(b"PK\1\2", at + 1)
    data[at + offset_in_directory : at + offset_in_directory + len(value)] = value
    return bytes(data)


def unmarked(archive: bytes) -> bytes:
    """Return a zip whose second member no longer says that its name is UTF-8."""
    data = bytearray(patched(archive, 8, b"\0\0", entry=1))
    local = data.index(b"PK\3\4", 1)
    data[local + 6 : local + 8] = b"\0\0"
    return bytes(data)


def overlapping() -> bytes:
    """Return a zip whose third member lies inside the contents of the second, complete and with the right checksum."""
    data = b"x" * 20
    record = zipped({"b": data}, zipfile.ZIP_STORED)[: 30 + len("b") + len(data)]
    archive = bytearray(zipped({**FILES, "a": record, "b": data}, zipfile.ZIP_STORED))
    second = archive.index(b"PK\1\2", archive.index(b"PK\1\2") + 1)
    third = archive.index(b"PK\1\2", second + 1)
    (start,) = struct.unpack_from("<L", archive, second + 42)
    struct.pack_into("<L", archive, third + 42, start + 30 + len("a"))
    return bytes(archive)


def crowded_directory(count: int) -> bytes:
    """Return a zip that is a directory of `count` entries and nothing else."""
    entry = struct.pack("<4s4B4HL2L5H2L", b"PK\1\2", 20, 3, 20, 0, 0, 0, 0, 0, 0, 0, 0, 6, 0, 0, 0, 0, 0, 0)
    entries = b"".join(entry + b"%06x" % number for number in range(count))
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, count & 0xFFFF, count & 0xFFFF, len(entries), 4, 0)
    return b"PK\3\4" + entries + end


#: what it is -> (archive, code of the refusal)
ARCHIVES: dict[str, tuple[bytes, str]] = {
    # paths
    "a path that climbs out (tar)": (tar(CLAIM_MEMBER, member("../out", b"x")), "bad-name"),
    "a path that climbs out in the middle": (tar(CLAIM_MEMBER, member("data/../../out", b"x")), "bad-name"),
    "a path that climbs out (zip)": (zip_of(("../out", b"x")), "bad-name"),
    "an absolute path (tar)": (tar(CLAIM_MEMBER, member("/etc/passwd", b"x")), "bad-name"),
    "an absolute path (zip)": (zip_of(("/etc/passwd", b"x")), "bad-name"),
    "a backslash path (tar)": (tar(CLAIM_MEMBER, member("..\\out", b"x")), "bad-name"),
    "a drive letter": (tar(CLAIM_MEMBER, member("C:out", b"x")), "bad-name"),
    "a dot as a part": (tar(CLAIM_MEMBER, member("a/./b", b"x")), "bad-name"),
    "an empty part": (tar(CLAIM_MEMBER, member("a//b", b"x")), "bad-name"),
    "an empty name": (tar(CLAIM_MEMBER, member("", b"x")), "bad-name"),
    "a name that ends in a slash": (tar(CLAIM_MEMBER, member("a/", b"x")), "bad-name"),
    "a line break in a name": (tar(CLAIM_MEMBER, member("a\nb", b"x")), "bad-name"),
    "a right-to-left override in a name": (tar(CLAIM_MEMBER, member("a\u202egnp.exe", b"x")), "bad-name"),
    "a name that is not UTF-8 (tar)": (tar(CLAIM_MEMBER, member(b"caf\xe9.csv", b"x")), "bad-name"),
    "a name that is not UTF-8 (pax)": (tar(CLAIM_MEMBER, pax(path=b"caf\xe9.csv"), member("a", b"x")), "bad-name"),
    "a name that is not marked as UTF-8 (zip)": (unmarked(zip_of(("caf\u00e9.csv", b"x"))), "bad-name"),
    "a NUL in a name (zip)": (zip_of(("scoresX.csv", b"x")).replace(b"scoresX", b"scores\0"), "bad-name"),
    "a part of 241 bytes": (tar(CLAIM_MEMBER, pax(path="n" * 241), member("a", b"x")), "bad-name"),
    "a path of 1001 bytes": (
        tar(CLAIM_MEMBER, pax(path="/".join(["n" * 199] * 5) + "nn"), member("a", b"x")),
        "bad-name",
    ),
    "thirteen folders deep": (tar(CLAIM_MEMBER, member("d/" * 13 + "f", b"x")), "too-deep"),
    "three hundred folders deep": (tar(CLAIM_MEMBER, pax(path="d/" * 300 + "f"), member("a", b"x")), "too-deep"),
    # the same name twice
    "a name twice (tar)": (tar(CLAIM_MEMBER, member("a", b"1"), member("a", b"2")), "duplicate-name"),
    "a second claim": (tar(CLAIM_MEMBER, CLAIM_MEMBER), "duplicate-name"),
    "names that differ in case": (
        tar(CLAIM_MEMBER, member("Data.csv", b"1"), member("data.CSV", b"2")),
        "duplicate-name",
    ),
    "names that differ in composition": (
        tar(CLAIM_MEMBER, member("caf\u00e9", b"1"), member("cafe\u0301", b"2")),
        "duplicate-name",
    ),
    "names that differ in case and composition": (
        tar(CLAIM_MEMBER, member("\u0130", b"1"), member("i\u0307", b"2")),
        "duplicate-name",
    ),
    "names that differ in case and composition (Greek)": (
        tar(CLAIM_MEMBER, member("\u0390", b"1"), member("\u0399\u0308\u0301", b"2")),
        "duplicate-name",
    ),
    "a file and a folder of one name": (tar(CLAIM_MEMBER, member("a", b"1"), member("a/b", b"2")), "duplicate-name"),
    "a folder and a file of one name": (tar(CLAIM_MEMBER, member("A/b", b"1"), member("a", b"2")), "duplicate-name"),
    # what is no file
    "a symbolic link (tar)": (special("link", b"2", "/etc/passwd"), "not-a-file"),
    "a hard link": (special("link", b"1", "claim.toml"), "not-a-file"),
    "a character device": (special("null", b"3"), "not-a-file"),
    "a block device": (special("disk", b"4"), "not-a-file"),
    "a FIFO": (special("pipe", b"6"), "not-a-file"),
    "a member of an unknown kind": (special("odd", b"Z"), "not-a-file"),
    "a sparse file (GNU)": (special("holes", b"S"), "not-a-file"),
    "a sparse file (pax)": (tar(CLAIM_MEMBER, pax(GNU_sparse_major="1"), member("a", b"x")), "bad-archive"),
    "a long link name (GNU)": (tar(CLAIM_MEMBER, member("l", b"x" * 200, b"K"), header("l", 0, b"2")), "not-a-file"),
    "a symbolic link (zip)": (zip_of((with_mode("link", stat.S_IFLNK | 0o777), b"/etc/passwd")), "not-a-file"),
    "a FIFO (zip)": (zip_of((with_mode("pipe", stat.S_IFIFO | 0o644), b"")), "not-a-file"),
    "a device (zip)": (zip_of((with_mode("null", stat.S_IFCHR | 0o644), b"")), "not-a-file"),
    # tricks with extended headers
    "a pax path that climbs out": (tar(CLAIM_MEMBER, pax(path="../out"), member("harmless", b"x")), "bad-name"),
    "a GNU long name that climbs out": (
        tar(CLAIM_MEMBER, member("l", b"../" * 50 + b"o", b"L"), member("a", b"x")),
        "bad-name",
    ),
    "a pax size that lies": (tar(CLAIM_MEMBER, pax(size="5"), member("a", b"x" * 600)), "bad-archive"),
    "a pax header for everything that renames": (
        tar(member("g", pax_records({"path": "x"}), b"g"), CLAIM_MEMBER),
        "bad-archive",
    ),
    "two names for one member": (
        tar(CLAIM_MEMBER, pax(path="one"), member("l", b"two\0", b"L"), member("a", b"x")),
        "bad-archive",
    ),
    "a pax key twice": (
        tar(CLAIM_MEMBER, member("p", pax_records({"path": "a"}) * 2, b"x"), member("a", b"x")),
        "bad-archive",
    ),
    "a pax record without an end": (
        tar(CLAIM_MEMBER, member("p", b"99 path=a\n", b"x"), member("a", b"x")),
        "bad-archive",
    ),
    "a pax record of length zero": (
        tar(CLAIM_MEMBER, member("p", b"0 path=a\n", b"x"), member("a", b"x")),
        "bad-archive",
    ),
    "an extended header without a member": (tar(CLAIM_MEMBER, pax(path="a")), "bad-archive"),
    "extended headers in a row": (tar(CLAIM_MEMBER, *[pax(comment="c")] * 6, member("a", b"x")), "bad-archive"),
    "an extended header of 48 MiB": (
        streamed([header("x", 48 * MIB, b"x"), *[b"1" * MIB] * 48]),
        "bad-archive",
    ),
    "a long name of 48 MiB": (streamed([header("x", 48 * MIB, b"L"), *[b"n" * MIB] * 48]), "bad-archive"),
    "a negative size": (tar(CLAIM_MEMBER, header("a", -BLOCK)), "bad-archive"),
    # bombs
    "a gzip bomb": (streamed([header("claim.toml", 48 * MIB), *[b"\0" * MIB] * 48]), "bomb"),
    "a zip bomb": (zip_of(("zeros", b"\0" * 40 * MIB)), "bomb"),
    "a bomb of headers": (streamed(header(f"d{n}/", 0, b"5") for n in range(30_000)), "too-many-files"),
    "a bomb of extended headers": (
        streamed(
            x
            for n in range(1_500)
            for x in (member("p", pax_records({"c": "c" * 9_000}), b"x"), header(f"d{n}/", 0, b"5"))
        ),
        "bomb",
    ),
    "a bomb behind the end": (tar(CLAIM_MEMBER, end=b"\0" * 20 * MIB), "bomb"),
    "too many files (tar)": (streamed(member(f"f{n}", b"x") for n in range(ALL_FILES)), "too-many-files"),
    "too many files (zip)": (zipped({f"f{n}": b"x" for n in range(ALL_FILES)}), "too-many-files"),
    "a directory of 200,000 entries": (crowded_directory(200_000), "too-many-files"),
    "a directory of 10,000 entries": (crowded_directory(10_000), "too-many-files"),
    # damage
    "nothing at all": (b"", "unknown-archive"),
    "text": (CLAIM.encode(), "unknown-archive"),
    "a JPEG": (b"\xff\xd8\xff\xe0" + b"\0" * 1_000, "unknown-archive"),
    "gzip of text": (gzip.compress(CLAIM.encode()), "bad-archive"),
    "a wrong checksum of gzip": (tarred(FILES)[:-8] + b"\0\0\0\0" + tarred(FILES)[-4:], "bad-archive"),
    "a wrong checksum of a header": (tar(CLAIM_MEMBER, b"x" + member("aa", b"x")[1:]), "bad-archive"),
    "a wrong checksum of zip": (patched(zipped(FILES), 16, b"\0\0\0\0"), "bad-archive"),
    "something behind gzip": (tarred(FILES) + b"more", "bad-archive"),
    "a second gzip stream": (tarred(FILES) * 2, "bad-archive"),
    "something behind the end of tar": (tar(CLAIM_MEMBER, end=b"\0" * 1024 + b"more" + b"\0" * 508), "bad-archive"),
    "one end block instead of two": (
        tar(CLAIM_MEMBER, end=b"\0" * 512 + header("d/", 0, b"5") + b"\0" * 1024),
        "bad-archive",
    ),
    "something behind zip": (zipped(FILES) + b"more", "bad-archive"),
    "zip members that overlap": (overlapping(), "bad-archive"),
    "zip members in one place": (patched(zip_of(("b", b"x")), 42, b"\0\0\0\0", entry=1), "bad-archive"),
    "a zip member in the directory": (patched(zip_of(), 20, b"\xff\xff\0\0"), "bad-archive"),
    "a zip member longer than it says": (patched(zip_of(), 24, b"\5\0\0\0"), "bad-archive"),
    "a zip directory before the beginning": (
        b"PK" + zip_of()[-22:-10] + b"\xff\xff\xff\x7f" + zip_of()[-6:],
        "bad-archive",
    ),
    "a zip member before the beginning": (zip_of()[:-6] + b"\xff\xff\0\0" + zip_of()[-2:], "bad-archive"),
    "a zip member shorter than it says": (patched(zip_of(), 24, b"\xff\xff\0\0"), "bad-archive"),
    "an encrypted zip": (patched(zip_of(), 8, b"\1\0"), "encrypted"),
    "zip by LZMA": (zipped(FILES, zipfile.ZIP_LZMA), "bad-archive"),
    "zip by bzip2": (zipped(FILES, zipfile.ZIP_BZIP2), "bad-archive"),
    "bzip2": (tarred(FILES, "w:bz2"), "unknown-archive"),
    "xz": (tarred(FILES, "w:xz"), "unknown-archive"),
    # no claim
    "an empty tar": (tarred({}), "missing-claim"),
    "an empty zip": (zipped({}), "missing-claim"),
    "no claim.toml": (tarred({"reproduce.py": b""}), "missing-claim"),
    "claim.toml two folders down": (tarred({"a/b/claim.toml": FILES["claim.toml"]}), "missing-claim"),
    "two bundles": (
        tarred({"a/claim.toml": FILES["claim.toml"], "b/claim.toml": FILES["claim.toml"]}),
        "missing-claim",
    ),
    "a claim that is hidden": (tarred({".claim/claim.toml": FILES["claim.toml"]}), "missing-claim"),
}
