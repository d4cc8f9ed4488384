"""The evidence archive: from it a stranger derives the verdict again, offline.

A `.tar.gz` whose bytes depend on its contents alone (sorted members, no times, no owners, stored and not compressed):

    statement.dsse.json       in-toto Statement over every other member, in a DSSE envelope that the judge signed
    seal.json                 the exact sealed bytes
    bundle/PATH               every file of the bundle, digests as sealed
    runs/KEY/run.json         specification, outcome, worker, isolation, digests of derived inputs
    runs/KEY/result.json      what the run reported, byte for byte (absent when it reported nothing)
    runs/KEY/stdout.txt, stderr.txt, artifacts/NAME
    verdict.json              the judgement, when and for whom

It is closed when the verdict is concluded, whatever the verdict is. `evidence_members` says whether an archive is the one
that was signed, `evidence_check` whether its verdict follows from it. The signature shows who made the archive; whoever
makes up runs and signs them must still make up ones that lead to the verdict, under a name that others know.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from app.core import dsse, statement
from app.core.canonical import canonical
from app.core.evidence_archive import Unreadable, pack, run_bytes, verdict_document
from app.core.evidence_check import Report, verify
from app.core.evidence_members import Intact, intact
from app.core.seal import seal_digest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from app.core.keys import Signer
    from app.core.model import Judgement, Run

__all__ = ["ArchivedRun", "Context", "Intact", "Report", "Unreadable", "build", "intact", "verify"]


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


def build(  # noqa: PLR0913 - the parts of an archive
    sealed: bytes,
    bundle: Mapping[str, bytes],
    runs: Sequence[ArchivedRun],
    judgement: Judgement,
    context: Context,
    signer: Signer,
) -> bytes:
    """Return the signed archive of a concluded verification."""
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
    document = verdict_document(judgement, context.evaluated_at, context.verification_id, context.publisher)
    members["verdict.json"] = canonical(document)
    body = statement.statement(seal_digest(sealed), members, document, signer.public)
    members[statement.MEMBER] = dsse.sign(statement.PAYLOAD_TYPE, body, signer)
    return pack(members)
