"""The evidence archive: from it a stranger derives the verdict again, offline.

A `.tar.gz` whose unpacked bytes depend on its contents alone (sorted members, no times, no owners):

    manifest.json             format, seal, and every other member with SHA-256 and size; `signature` is null: unsigned
    seal.json                 the exact sealed bytes
    bundle/PATH               every file of the bundle, digests as sealed
    runs/KEY/run.json         specification, outcome, worker, isolation, digests of derived inputs
    runs/KEY/result.json      what the run reported, byte for byte (absent when it reported nothing)
    runs/KEY/stdout.txt, stderr.txt, artifacts/NAME
    verdict.json              the judgement, when and for whom

What checking finds stands in `evidence_check`. What an unsigned archive cannot show is who made it: whoever changes a
member and the manifest alike must still produce runs that lead to the verdict.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from app.core.evidence_archive import MANIFEST, Unreadable, manifest, pack, run_bytes, verdict_bytes
from app.core.evidence_check import Report, verify
from app.core.seal import seal_digest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from app.core.model import Judgement, Run

__all__ = ["ArchivedRun", "Context", "Report", "Unreadable", "build", "verify"]


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
        members[f"{folder}/run.json"] = run_bytes(item.run, item.derived)
        if item.run.result is not None:
            members[f"{folder}/result.json"] = item.run.result.encode("utf-8", "surrogateescape")
        members[f"{folder}/stdout.txt"] = item.stdout
        members[f"{folder}/stderr.txt"] = item.stderr
        members |= {f"{folder}/artifacts/{name}": data for name, data in item.artifacts.items()}
    told = (context.evaluated_at, context.verification_id, context.publisher)
    members["verdict.json"] = verdict_bytes(judgement, *told)
    members[MANIFEST] = manifest(seal_digest(sealed), members)
    return pack(members)
