"""The evidence archive as bytes: the same members give the same bytes everywhere, and they are read without trust.

An archive is a `.tar.gz` that is not compressed: its deflate blocks are stored ones. What a compressor makes differs from
build to build of zlib, and in a compressed stream bits can be flipped that no decompressor looks at. Stored, an archive
has exactly one packing, so that whoever reads one packs its members again and compares every byte: header, padding and
trailer included.
"""

from __future__ import annotations

import io
import json
import tarfile
import zlib
from typing import TYPE_CHECKING, Any

from app.core.canonical import canonical, digest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from app.core.model import Judgement, Run

REFUSAL_BYTES_MAX = 1 << 20  # of a document that may be a refusal
UNSIGNED_FORMAT = "assay-evidence-v1"  # the first one: a manifest without signature, packed by whatever zlib there was
MANIFEST = "manifest.json"
UNPACKED_BYTES_MAX = 2 << 30
MEMBERS_MAX = 20_000
#: Magic, deflate, no flags, no time, no hint about the compressor, system unknown (RFC 1952, section 2.3).
_GZIP_HEADER = bytes.fromhex("1f8b08000000000000ff")
_STORED_BYTES_MAX = 0xFFFF  # RFC 1951, section 3.2.4


class Unreadable(ValueError):
    """The bytes are no evidence archive that this version can check; the message says why."""


def manifest(seal: str, members: Mapping[str, bytes]) -> bytes:
    """Return the bytes of the manifest that belongs to a seal and these members, in the first format."""
    listed = {name: {"sha256": digest(data), "bytes": len(data)} for name, data in members.items() if name != MANIFEST}
    return canonical({"format": UNSIGNED_FORMAT, "seal": seal, "members": listed, "signature": None})


def run_bytes(run: Run, derived: Mapping[str, str]) -> bytes:
    """Return the bytes of a run's document; its result is a member of its own."""
    return canonical({**run.model_dump(mode="json", exclude={"result"}), "derived": dict(derived)})


def verdict_document(judgement: Judgement, evaluated_at: str, verification: str, publisher: str) -> dict[str, Any]:
    """Return the recorded verdict: the judgement, when and for whom."""
    told = {"evaluated_at": evaluated_at, "verification": verification, "publisher": publisher}
    return {**told, "judgement": judgement.model_dump(mode="json")}


def verdict_bytes(judgement: Judgement, evaluated_at: str, verification: str, publisher: str) -> bytes:
    """Return the bytes of the recorded verdict."""
    return canonical(verdict_document(judgement, evaluated_at, verification, publisher))


def pack(members: Mapping[str, bytes]) -> bytes:
    """Return the archive of some members: sorted, without times or owners."""
    return b"".join(_stored(_tar(members)))


def is_packing(archive: bytes, members: Mapping[str, bytes]) -> bool:
    """Whether an archive is, byte for byte, what packing its members gives; without making it a second time."""
    position = 0
    for piece in _stored(_tar(members)):
        if archive[position : position + len(piece)] != piece:
            return False
        position += len(piece)
    return position == len(archive)


def _tar(members: Mapping[str, bytes]) -> Iterator[bytes]:
    size = 0
    for name in sorted(members):
        member = tarfile.TarInfo(name)
        member.size = len(members[name])
        head = member.tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape")
        padding = bytes(-member.size % tarfile.BLOCKSIZE)
        yield from (head, members[name], padding)
        size += len(head) + member.size + len(padding)
    end = 2 * tarfile.BLOCKSIZE
    yield bytes(end + -(size + end) % tarfile.RECORDSIZE)


def _stored(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the gzip file of some bytes in full stored blocks, the last one shorter."""
    yield _GZIP_HEADER
    check, size, waiting = 0, 0, bytearray()
    for piece in pieces:
        check, size = zlib.crc32(piece, check), size + len(piece)
        waiting += piece
        while len(waiting) > _STORED_BYTES_MAX:  # what is left is never empty: the last block is one of its own
            yield _block(bytes(waiting[:_STORED_BYTES_MAX]), last=False)
            del waiting[:_STORED_BYTES_MAX]
    yield _block(bytes(waiting), last=True)
    yield check.to_bytes(4, "little") + (size & 0xFFFF_FFFF).to_bytes(4, "little")


def _block(data: bytes, *, last: bool) -> bytes:
    size = len(data)
    return bytes([last]) + size.to_bytes(2, "little") + (size ^ 0xFFFF).to_bytes(2, "little") + data


def unpack(archive: bytes) -> dict[str, bytes]:
    """Return the members of an archive, whatever zlib packed it.

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
    except Unreadable as error:
        if archive.startswith(_GZIP_HEADER):
            raise Unreadable(_why(archive, error)) from error
        raise
    except (tarfile.TarError, zlib.error, EOFError, OSError, ValueError, OverflowError) as error:
        raise Unreadable(_why(archive, error)) from error
    return members


def _why(archive: bytes, error: Exception) -> str:
    """Return why an archive cannot be read; one that begins like ours was ours before something changed it."""
    if archive.startswith(_GZIP_HEADER):
        return f"the archive was changed or damaged since it was signed ({error}); fetch it again"
    refusal = _refusal(archive)
    if refusal is not None:
        return f"this is a refusal from a service, not evidence: {refusal}"
    if archive.lstrip()[:1] in {b"<", b"{"}:
        return "this is what a service said in words, not evidence; fetch the archive again and look at the answer's status"
    kind = "no gzip file" if isinstance(error, zlib.error) else "a gzip file without a whole tar in it"
    return (
        f"this is no evidence archive, but {kind}; `assay evidence verify` reads what `/v1/verdicts/…/evidence` gives"
    )


def _refusal(document: bytes) -> str | None:
    """Return what a problem document of a service says (RFC 9457), which `curl -o` keeps in the place of an archive.

    None for anything else. The remedy is its reader's: the service does not know which command was typed.
    """
    try:
        told = json.loads(document[:REFUSAL_BYTES_MAX])
        status, title, detail = told["status"], str(told["title"])[:200], str(told["detail"])[:500]
    except (ValueError, RecursionError, KeyError, TypeError):
        return None
    if not isinstance(status, int):
        return None
    remedy = ""
    if status in {401, 403, 404}:
        remedy = '. What is closed is fetched with `-H "Authorization: Bearer $ASSAY_TOKEN"`'
    return f"{status} {title}: {detail}{remedy}; `curl --fail` would have kept no file"


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
