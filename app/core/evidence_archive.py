"""The evidence archive as bytes: members packed so that the same members give the same tar, and read without trust."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
import zlib
from typing import TYPE_CHECKING, Any

from app.core.canonical import canonical, digest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from app.core.model import Judgement, Run

FORMAT = "assay-evidence-v1"
MANIFEST = "manifest.json"
UNPACKED_BYTES_MAX = 2 << 30
MEMBERS_MAX = 20_000


class Unreadable(ValueError):
    """The bytes are no evidence archive that this version can check; the message says why."""


def manifest(seal: str, members: Mapping[str, bytes]) -> bytes:
    """Return the bytes of the manifest that belongs to a seal and these members."""
    listed = {name: {"sha256": digest(data), "bytes": len(data)} for name, data in members.items() if name != MANIFEST}
    return canonical({"format": FORMAT, "seal": seal, "members": listed, "signature": None})


def run_bytes(run: Run, derived: Mapping[str, str]) -> bytes:
    """Return the bytes of a run's document; its result is a member of its own."""
    return canonical({**run.model_dump(mode="json", exclude={"result"}), "derived": dict(derived)})


def verdict_bytes(judgement: Judgement, evaluated_at: str, verification: str, publisher: str) -> bytes:
    """Return the bytes of the recorded verdict: the judgement, when and for whom."""
    told = {"evaluated_at": evaluated_at, "verification": verification, "publisher": publisher}
    return canonical({**told, "judgement": judgement.model_dump(mode="json")})


def pack(members: Mapping[str, bytes]) -> bytes:
    """Return the `.tar.gz` of some members: sorted, without times or owners."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name in sorted(members):
            member = tarfile.TarInfo(name)
            member.size = len(members[name])
            archive.addfile(member, io.BytesIO(members[name]))
    return gzip.compress(buffer.getvalue(), compresslevel=6, mtime=0)


def unpack(archive: bytes) -> dict[str, bytes]:
    """Return the members of an archive, manifest included.

    Raises:
        Unreadable: it is damaged or too large, or holds anything but regular files under plain names, each once.

    """
    try:
        unpacker = zlib.decompressobj(wbits=31)
        data = unpacker.decompress(archive, UNPACKED_BYTES_MAX)
        if unpacker.unconsumed_tail or not unpacker.eof or unpacker.unused_data:
            raise Unreadable("the archive is truncated, too large, or followed by something else")
        members: dict[str, bytes] = {}
        with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as tar:
            for member in tar:
                _admit(member, members, len(data))
                file = tar.extractfile(member)
                members[member.name] = b"" if file is None else file.read()
            if data[tar.offset :].strip(b"\0"):
                raise Unreadable("something follows the last member")
    except (tarfile.TarError, zlib.error, EOFError, OSError, ValueError, OverflowError) as error:
        raise Unreadable(f"this is no evidence archive: {error}") from error
    if MANIFEST not in members:
        raise Unreadable(f"the archive has no {MANIFEST}")
    return members


def _admit(member: tarfile.TarInfo, members: Mapping[str, bytes], size: int) -> None:
    name = member.name
    parts = name.split("/")
    if not member.isreg() or member.issparse() or name in members or member.size > size:
        raise Unreadable(f"the member {name!r} is no regular file, or there twice")
    if not name.isprintable() or "\\" in name or any(part in {"", ".", ".."} for part in parts):
        raise Unreadable(f"the member {name!r} has no plain name")
    if len(members) >= MEMBERS_MAX:
        raise Unreadable(f"the archive has more than {MEMBERS_MAX} members")


def read_json(members: Mapping[str, bytes], name: str) -> Any:
    """Return the JSON document of a member.

    Raises:
        Unreadable: there is no such member, or it is no JSON.

    """
    try:
        return json.loads(members[name])
    except (KeyError, ValueError, RecursionError) as error:
        raise Unreadable(f"{name} is missing or no JSON") from error
