"""The gate of intake: counts what comes in, and refuses names and amounts. Both archive formats and folders pass it."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.core.errors import Problem, Refusal

if TYPE_CHECKING:
    from collections.abc import Iterator

MIB = 1 << 20
CHUNK = 1 << 16
NAME_BYTES_MAX = 240  # of one part; file systems end at 255
PATH_BYTES_MAX = 1_000

#: Left over by editors, version control, file managers and Python; never part of a bundle.
_LEFTOVER = re.compile(r"(^|/)(\.(?![./]|$)[^/\\]*|__pycache__|[^/]*~|[^/]*\.py[co])(/|$)")
_DRIVE = re.compile(r"[A-Za-z]:")


@dataclass(frozen=True)
class ArchiveLimits:
    """What a bundle may be at most."""

    packed_bytes: int = 64 * MIB
    unpacked_bytes: int = 512 * MIB
    files: int = 2_000
    depth: int = 12  # folders around a file
    ratio: int = 100  # unpacked to packed bytes, once more than `ratio_from_bytes` are unpacked
    ratio_from_bytes: int = 1 * MIB
    others: int = 0  # files beside the bundle that are passed over, where one is cut out of a whole repository


#: Of a repository of which one folder is a bundle.
REPOSITORY = ArchiveLimits(others=100_000)


def refuse(code: str, detail: str, remedy: str, file: str | None = None) -> Refusal:
    """Return a refusal of the archive as a whole, or of one of its files."""
    return Refusal.of(Problem(file, None, "", code, detail, remedy))


def too_many_files(limits: ArchiveLimits) -> Refusal:
    """Return the refusal of an archive with too many members."""
    return refuse("too-many-files", f"more than {limits.files} files", "pack data into fewer files")


def shown(name: str) -> str:
    """Return a stranger's file name as it can be shown: ASCII, short, in quotes."""
    return repr(name[:80].encode("ascii", "backslashreplace").decode())


def is_leftover(name: str) -> bool:
    """Whether a file, or a folder around it, was left behind by a tool and is no part of the bundle."""
    return _LEFTOVER.search(name) is not None


class Gate:
    """Counts what comes in, and refuses names and amounts."""

    def __init__(self, limits: ArchiveLimits, packed: int | None) -> None:
        self.limits = limits
        self.packed = packed  # bytes of the archive; None for a folder
        self.unpacked = 0
        self.files: set[str] = set()  # folded names
        self.folders: set[str] = set()

    def admit(self, name: str) -> str:
        """Return the checked name of a member.

        Raises:
            Refusal: it is no plain path, too deep, one too many, or clashes with another one.

        """
        if _bad_name(name):
            raise refuse(
                "bad-name", f"{shown(name)} is not a plain path inside the bundle", "use relative names with /"
            )
        if name.count("/") > self.limits.depth:
            raise refuse("too-deep", f"{shown(name)} lies more than {self.limits.depth} folders deep", "flatten it")
        folded = unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())
        if folded in self.files:
            detail = f"{shown(name)} is there twice, or differs from another name in case or accents only"
            raise refuse("duplicate-name", detail, "rename one")
        around = {folded[:at] for at, sign in enumerate(folded) if sign == "/"}
        if folded in self.folders or around & self.files:
            raise refuse("duplicate-name", f"{shown(name)} is a file and a folder at once", "rename one")
        self.files.add(folded)
        self.folders |= around
        if len(self.files) > self.limits.files:
            raise too_many_files(self.limits)
        return name

    def count(self, size: int) -> None:
        """Count unpacked bytes.

        Raises:
            Refusal: they are too many.

        """
        self.unpacked += size
        if self.unpacked > self.limits.unpacked_bytes:
            detail = f"the bundle unpacks to more than {self.limits.unpacked_bytes // MIB} MiB"
            raise refuse("too-large", detail, "leave data out")

    def counted(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        """Pass bytes on while they stay within the limits.

        Raises:
            Refusal: they do not.

        """
        for chunk in chunks:
            self.count(len(chunk))
            enough = self.unpacked > self.limits.ratio_from_bytes
            if self.packed is not None and enough and self.unpacked > self.limits.ratio * self.packed:
                detail = f"the archive unpacks to more than {self.limits.ratio} times its size"
                raise refuse("bomb", detail, "pack the data as it is, without padding")
            yield chunk


def _bad_name(name: str) -> bool:
    parts = name.split("/")
    try:
        encoded = name.encode("utf-8")
    except UnicodeEncodeError:
        return True  # surrogates: the name was not UTF-8
    return (
        not name
        or name.startswith("/")
        or "\\" in name
        or _DRIVE.match(name) is not None
        or any(part in {"", ".", ".."} for part in parts)
        or any(len(part.encode()) > NAME_BYTES_MAX for part in parts)
        or len(encoded) > PATH_BYTES_MAX
        or any(unicodedata.category(sign) in {"Cc", "Cf", "Co", "Cn", "Zl", "Zp"} for sign in name)
    )
