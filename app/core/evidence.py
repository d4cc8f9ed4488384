"""The evidence archive: from it a stranger derives the verdict again, offline.

A `.tar.gz` whose bytes depend on its contents alone (sorted members, no times, no owners):

    manifest.json             format, seal, and every other member with SHA-256 and size; `signature` is null: unsigned
    seal.json                 the exact sealed bytes
    bundle/PATH               every file of the bundle, digests as sealed
    runs/KEY/run.json         specification, outcome, worker, isolation, digests of derived inputs
    runs/KEY/result.json      what the run reported, byte for byte (absent when it reported nothing)
    runs/KEY/stdout.txt, stderr.txt, artifacts/NAME
    verdict.json              the judgement, when and for whom

Checking re-hashes every member, compares the bundle with the seal, makes derived inputs again from the seal, and judges
the runs again; every field of the verdict must come out the same. Nothing in the archive is trusted for a path, a size or
a conclusion. What an unsigned archive cannot show is who made it: whoever changes a member and the manifest alike must
still produce runs that lead to the verdict.
"""

from __future__ import annotations

import gzip
import io
import json
import tarfile
import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from app.core.boxjob import box_job
from app.core.canonical import canonical, digest
from app.core.errors import Fault
from app.core.model import Judgement, Run
from app.core.perturb import Underivable
from app.core.seal import read_seal, seal_digest
from app.core.verdict import judge

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from app.core.model import Seal

FORMAT = "assay-evidence-v1"
UNPACKED_BYTES_MAX = 2 << 30
MEMBERS_MAX = 20_000


@dataclass(frozen=True)
class ArchivedRun:
    """A run with everything it left behind."""

    run: Run
    stdout: bytes = b""
    stderr: bytes = b""
    derived: Mapping[str, str] = field(default_factory=dict)  # path in the box -> digest
    artifacts: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True)
class Context:
    """When and for whom a verdict was reached; informative, nothing is judged by it."""

    evaluated_at: str
    verification_id: str = ""
    publisher: str = ""


@dataclass(frozen=True)
class Report:
    """What checking an archive found."""

    ok: bool
    findings: tuple[str, ...]  # one sentence for everything that does not hold
    seal: str = ""
    judgement: Judgement | None = None  # as derived again
    signed: bool = False
    members: int = 0


class Unreadable(ValueError):
    """The bytes are no evidence archive; the message says why."""


def build(
    sealed: bytes,
    bundle: Mapping[str, bytes],
    runs: Sequence[ArchivedRun],
    judgement: Judgement,
    context: Context,
) -> bytes:
    """Return the archive of a concluded verification."""
    members: dict[str, bytes] = {"seal.json": sealed}
    members |= {f"bundle/{path}": data for path, data in bundle.items()}
    for item in runs:
        folder = f"runs/{item.run.spec.key}"
        document = item.run.model_dump(mode="json", exclude={"result"})
        members[f"{folder}/run.json"] = canonical({**document, "derived": dict(item.derived)})
        if item.run.result is not None:
            members[f"{folder}/result.json"] = item.run.result.encode("utf-8", "surrogateescape")
        members[f"{folder}/stdout.txt"] = item.stdout
        members[f"{folder}/stderr.txt"] = item.stderr
        members |= {f"{folder}/artifacts/{name}": data for name, data in item.artifacts.items()}
    members["verdict.json"] = canonical(
        {
            "judgement": judgement.model_dump(mode="json"),
            "evaluated_at": context.evaluated_at,
            "verification": context.verification_id,
            "publisher": context.publisher,
        }
    )
    members["manifest.json"] = _manifest(seal_digest(sealed), members)
    return _pack(members)


def verify(archive: bytes) -> Report:
    """Check an archive and derive its verdict again.

    Raises:
        Unreadable: the bytes are no evidence archive.

    """
    members = _unpack(archive)
    findings: list[str] = []
    manifest = _json(members, "manifest.json")
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise Unreadable(f"the manifest is not of the format {FORMAT}")
    findings += _check_members(manifest, members)
    sealed = members.get("seal.json", b"")
    found_seal = seal_digest(sealed)
    if manifest.get("seal") != found_seal:
        findings.append("seal.json does not hash to the seal that the manifest names")
    if _manifest(found_seal, members) != members["manifest.json"] and not findings:
        findings.append("manifest.json is not spelled as it was written")
    try:
        seal = read_seal(sealed)
    except Fault as error:
        return Report(ok=False, findings=(*findings, error.detail), seal=found_seal, members=len(members))
    findings += _check_bundle(seal, members)
    judgement, more = _check_verdict(seal, found_seal, members)
    findings += more
    return Report(not findings, tuple(findings), found_seal, judgement, members=len(members))


def _check_members(manifest: dict[str, Any], members: Mapping[str, bytes]) -> list[str]:
    listed = manifest.get("members")
    if not isinstance(listed, dict):
        raise Unreadable("the manifest lists no members")
    findings = [f"{name} is not in the manifest" for name in members if name not in listed and name != "manifest.json"]
    for name, entry in listed.items():
        if name not in members:
            findings.append(f"{name} is missing")
        elif not isinstance(entry, dict) or digest(members[name]) != entry.get("sha256"):
            findings.append(f"{name} is not the file that the manifest names")
        elif entry.get("bytes") != len(members[name]):
            findings.append(f"{name} has another size than the manifest says")
    return findings


def _check_bundle(seal: Seal, members: Mapping[str, bytes]) -> list[str]:
    present = {name.removeprefix("bundle/") for name in members if name.startswith("bundle/")}
    findings = [f"bundle/{path} was not sealed" for path in sorted(present - seal.files.keys())]
    for path, sealed in seal.files.items():
        if digest(members.get(f"bundle/{path}", b"")) != sealed or path not in present:
            findings.append(f"bundle/{path} is not the file that was sealed")
    return findings


def _check_verdict(seal: Seal, found_seal: str, members: Mapping[str, bytes]) -> tuple[Judgement | None, list[str]]:
    findings: list[str] = []
    try:
        runs = _runs(members)
    except (ValueError, ValidationError) as error:
        return None, [f"a run cannot be read: {error}"]
    for name, run, derived in runs:
        if f"runs/{run.spec.key}/run.json" != name:
            findings.append(f"{name} describes the run {run.spec.key}")
        findings += _check_derivation(seal, found_seal, run, derived, members)
    try:
        judgement = judge(seal, [run for _, run, _ in runs])
    except Fault as error:
        return None, [*findings, f"the runs lead to no verdict: {error.detail}"]
    recorded = _json(members, "verdict.json")
    if not isinstance(recorded, dict) or recorded.get("judgement") != judgement.model_dump(mode="json"):
        findings.append("the recorded verdict is not the one that follows from the runs")
    return judgement, findings


def _runs(members: Mapping[str, bytes]) -> list[tuple[str, Run, dict[str, str]]]:
    found = []
    for name in sorted(members):
        folder, _, file = name.rpartition("/")
        if file != "run.json" or folder.count("/") != 1:
            continue
        document = _json(members, name)
        if not isinstance(document, dict):
            raise Unreadable(f"{name} is no object")
        derived = document.pop("derived", {})
        result = members.get(f"{folder}/result.json")
        text = None if result is None else result.decode("utf-8", "surrogateescape")
        found.append((name, Run.model_validate({**document, "result": text}), derived))
    return found


def _check_derivation(
    seal: Seal, found_seal: str, run: Run, derived: dict[str, str], members: Mapping[str, bytes]
) -> list[str]:
    """Make the changed inputs of a perturb run again and compare their digests."""
    try:
        job = box_job(seal, found_seal, run.spec, lambda path: members.get(f"bundle/{path}", b""))
    except (KeyError, ValueError) as error:
        return [f"the inputs of the run {run.spec.key} cannot be made again: {error}"]
    again = {} if isinstance(job, Underivable) else dict(job.derived)
    return [] if again == derived else [f"the changed inputs of the run {run.spec.key} are not those of its derivation"]


def _manifest(seal: str, members: Mapping[str, bytes]) -> bytes:
    listed = {
        name: {"sha256": digest(data), "bytes": len(data)} for name, data in members.items() if name != "manifest.json"
    }
    return canonical({"format": FORMAT, "seal": seal, "members": listed, "signature": None})


def _pack(members: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name in sorted(members):
            member = tarfile.TarInfo(name)
            member.size = len(members[name])
            archive.addfile(member, io.BytesIO(members[name]))
    return gzip.compress(buffer.getvalue(), compresslevel=6, mtime=0)


def _unpack(archive: bytes) -> dict[str, bytes]:
    try:
        unpacker = zlib.decompressobj(wbits=31)
        data = unpacker.decompress(archive, UNPACKED_BYTES_MAX)
        if unpacker.unconsumed_tail or not unpacker.eof or unpacker.unused_data:
            raise Unreadable("the archive is truncated, too large, or followed by something else")
        members: dict[str, bytes] = {}
        with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as tar:
            for member in tar:
                file = tar.extractfile(member) if member.isreg() else None
                if file is None or member.name in members or len(members) >= MEMBERS_MAX:
                    raise Unreadable(f"the member {member.name!r} is no regular file, or there twice")
                members[member.name] = file.read()
    except (tarfile.TarError, zlib.error, EOFError, OSError, UnicodeError, OverflowError) as error:
        raise Unreadable(f"this is no evidence archive: {error}") from error
    if "manifest.json" not in members:
        raise Unreadable("the archive has no manifest.json")
    return members


def _json(members: Mapping[str, bytes], name: str) -> Any:
    try:
        return json.loads(members.get(name, b""))
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"{name} is not JSON") from error
