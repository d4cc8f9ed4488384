"""What comes in: bundles and formulas to verify, facts about records, built environments and assets."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, BinaryIO

from app.actions.approvals import terms_of
from app.actions.planning import deliver_soon, first_runs, nudge_begun
from app.core import boxjob, plan
from app.core.budgets import need
from app.core.canonical import canonical, digest
from app.core.claim import check_size, claim_from_json, parse_claim
from app.core.contracts.correction_record import changes
from app.core.errors import Fault
from app.core.grounding import check_sources, unreadable
from app.core.grounding_text import CSV_SUFFIX
from app.core.model import Environment
from app.core.seal import assets_of, environment_of, make_seal, seal_bytes, seal_digest
from app.intake import REPOSITORY, ArchiveLimits, claim_of, read_archive, read_list
from app.queue import CPU_QUEUE, GPU_QUEUE
from app.store import assets, corrections, intake, judging, outbox, uploads

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from sqlmodel import Session

    from app.actions.parts import Also, Parts
    from app.core.caller import Account
    from app.core.claim import Policy
    from app.core.grounding import Unreadable
    from app.core.model import Claim, Seal
    from app.store.blobs import Blobs
    from app.store.intake import Submitted
    from app.store.visible import Visible

    Unchanged = Callable[[Session], None]

JSON_CLAIM_FILE = "claim.json"
LOOKED_AT = 4096  # sources of which a process remembers whether they can be read


@dataclass(frozen=True)
class Sealed:
    """A claim sealed at intake, with the digests and sizes of its files."""

    seal: Seal
    body: bytes
    digest: str
    sizes: Mapping[str, int]  # digest -> bytes


@dataclass(frozen=True)
class Origin:
    """Where a bundle comes from other than by itself, and who must accept its claim beside us."""

    folder: str | None = None  # of a repository that was packed as a whole
    accept: Callable[[Claim, bytes], None] | None = None  # given the claim and its file; raises Refusal


BY_ITSELF = Origin()


def submit_archive(  # noqa: PLR0913 - the parts of a submission
    parts: Parts,
    stream: BinaryIO,
    publisher: str,
    *,
    force: bool = False,
    also: Also | None = None,
    origin: Origin = BY_ITSELF,
    account: Account | None = None,
) -> Submitted:
    """Take in a bundle archive: check, seal, store blobs, then rows, then nudge.

    Args:
        parts: the service's parts.
        stream: the archive, seekable.
        publisher: who submits it.
        force: make a new verification although one of the same seal stands.
        also: called in the transaction that writes the rows, with what was made of it.
        origin: of the bundle, when it comes out of a repository.
        account: whose budgets it counts against.

    Raises:
        BudgetUsed: it does not fit into the budgets; as with a refusal.
        Refusal: the archive or its claim is not acceptable; no row was stored (its blobs are swept as orphans).

    """
    sizes: dict[str, int] = {}

    def keep(_: str, chunks: Iterator[bytes]) -> str:
        found, size = parts.blobs.put_stream(chunks)
        sizes[found] = size
        return found

    limits = ArchiveLimits() if origin.folder is None else REPOSITORY
    files = read_archive(stream, limits, keep, origin.folder)
    sealed = _sealed_bundle(parts, files, sizes, origin, publisher)
    return _submit(parts, sealed, publisher, force=force, also=also, account=account)


def submit_files(  # noqa: PLR0913 - as above
    parts: Parts,
    named: Mapping[str, str],
    publisher: str,
    seen: Visible,
    *,
    force: bool = False,
    also: Also | None = None,
    account: Account | None = None,
) -> Submitted:
    """Take in a bundle whose files were sent before and are named by their digests; it is sealed as its archive would be.

    Every blob becomes as young as a new one before rows refer to it, so that no sweeper takes it away in between. The
    claim's own file and its sources alone are read, which are small; a list costs no hashing of all that it names.

    Args:
        parts: the service's parts.
        named: path in the bundle -> digest.
        publisher: who submits it.
        seen: whose blobs it may name beside those that the publisher sent; all others are as good as not there.
        force: as `submit_archive`.
        also: as `submit_archive`.
        account: as `submit_archive`.

    Raises:
        BudgetUsed: as `submit_archive`.
        Refusal: files are missing, or the claim is not acceptable; no row was stored.

    """
    with parts.store.read() as session:
        readable = uploads.readable(session, publisher, set(named.values()), seen, parts.settings.orphan_seconds)
    sizes: dict[str, int] = {}

    def size_of(digest: str) -> int | None:
        if digest in readable and digest not in sizes:
            size = parts.blobs.renew(digest)
            if size is not None:
                sizes[digest] = size
        return sizes.get(digest)

    files = read_list(named, ArchiveLimits(), size_of)
    sealed = _sealed_bundle(parts, files, {digest: sizes[digest] for digest in files.values()}, BY_ITSELF, publisher)
    return _submit(parts, sealed, publisher, force=force, also=also, account=account)


def submit_formula(  # noqa: PLR0913 - as above
    parts: Parts,
    document: dict[str, Any],
    publisher: str,
    *,
    force: bool = False,
    also: Also | None = None,
    origin: Origin = BY_ITSELF,
    account: Account | None = None,
) -> Submitted:
    """Take in a formula claim given as JSON that mirrors `claim.toml`.

    Raises:
        BudgetUsed: as `submit_archive`.
        Refusal: the claim is not acceptable; nothing was stored.

    """
    policy = _policy(parts)
    claim = claim_from_json(document, policy)
    body = canonical(document)
    if origin.accept is not None:
        origin.accept(claim, body)
    stored = parts.blobs.put(body)
    sealed = _seal(parts, claim, policy, {JSON_CLAIM_FILE: stored}, {stored: len(body)}, publisher)
    return _submit(parts, sealed, publisher, force=force, also=also, account=account)


def put_record(  # noqa: PLR0913 - a record, and what is said of it
    parts: Parts,
    publisher: str,
    external_id: str,
    facts: Mapping[str, Any],
    note: str | None = None,
    unchanged: Unchanged | None = None,
) -> tuple[str, bool]:
    """Create or change a record; returns its id and whether it is new. What it said before is kept as a correction.

    `unchanged` is called when nobody else can change it any more, and raises if it is not as it should be.
    """
    with parts.store.transaction() as session:
        intake.lock_record(session, publisher, external_id)
        if unchanged is not None:
            unchanged(session)
        put = intake.upsert_record(session, publisher, external_id, facts)
        judging.project_gate(session, put.id, parts.settings.contract_base)
        if not put.new:
            corrections.of_publisher(session, put.id, changes(put.before, put.after), note)
            outbox.of_record(session, publisher, put.id, put.before, put.after)
    deliver_soon(parts, session)
    return put.id, put.new


def change_claim(parts: Parts, claim_id: str, visibility: str, unchanged: Unchanged) -> None:
    """Say who may know of a claim without a record; `unchanged` as for `put_record`."""
    with parts.store.transaction() as session:
        intake.lock_claim(session, claim_id)
        unchanged(session)
        intake.set_visibility(session, claim_id, visibility)


def publish_environment(parts: Parts, name: str, found: str, detail: Mapping[str, Any]) -> None:
    """Make a built environment known to intake."""
    with parts.store.transaction() as session:
        intake.put_environment(session, name, found, detail)


def publish_assets(parts: Parts, offered: Sequence[Mapping[str, Any]]) -> None:
    """Make assets known to intake, each with its digest, name, bytes, files and licence."""
    with parts.store.transaction() as session:
        assets.put_assets(session, offered)


def _sealed_bundle(
    parts: Parts, files: Mapping[str, str], sizes: Mapping[str, int], origin: Origin, publisher: str
) -> Sealed:
    """Check and seal a bundle whose files (path -> digest) are stored; the claim's own and its sources are read."""
    stated = claim_of(files)
    check_size(sizes[stated])  # before it is read
    text = parts.blobs.read(stated)
    policy = _policy(parts)
    claim = parse_claim(text, files, policy)
    if origin.accept is not None:
        origin.accept(claim, text)

    def look(path: str) -> Unreadable | None:
        return _looked_at(parts.blobs, files[path], table=path.endswith(CSV_SUFFIX))

    check_sources(claim, lambda path: sizes[files[path]], look)
    return _seal(parts, claim, policy, files, sizes, publisher)


@lru_cache(maxsize=LOOKED_AT)
def _looked_at(blobs: Blobs, found: str, *, table: bool) -> Unreadable | None:
    """Return what is wrong with a source, by its digest: a batch may name the same one a hundred times."""
    return unreadable(CSV_SUFFIX if table else "", blobs.read(found))


def _policy(parts: Parts) -> Policy:
    with parts.store.read() as session:
        return parts.settings.policy(intake.environments(session), assets.known(session))


def _seal(  # noqa: PLR0913 - what is sealed, and on whose terms
    parts: Parts, claim: Claim, policy: Policy, files: Mapping[str, str], sizes: Mapping[str, int], publisher: str
) -> Sealed:
    name = environment_of(claim)
    built = policy.environments
    if name not in built:
        raise Fault(
            "no-environment",
            f"no worker has published the environment {name}",
            "start a worker on this database",
            reason_code="IMAGE_PULL_FAILED",
        )
    environment = Environment(name=name, digest=built[name])
    terms = terms_of(parts, publisher, claim, files, environment)
    seal = make_seal(claim, files, environment, boxjob.evaluator_digest(claim), terms)
    body = seal_bytes(seal)
    return Sealed(seal, body, seal_digest(body), sizes)


def _submit(  # noqa: PLR0913 - what a submission is, and whose
    parts: Parts, sealed: Sealed, publisher: str, *, force: bool, also: Also | None, account: Account | None
) -> Submitted:
    claim = sealed.seal.claim
    body = canonical(claim.model_dump(mode="json", by_alias=True, exclude_none=True))
    specs, planned = first_runs(sealed.seal), plan.total_steps(sealed.seal)
    submission = intake.Submission(
        publisher=publisher,
        record=claim.record,
        claim_name=claim.claim.id,
        claim_digest=digest(body),
        claim_document=body.decode(),
        seal_digest=sealed.digest,
        seal_body=sealed.body.decode(),
        artifacts=sealed.sizes,
        specs=specs,
        planned=planned,
        environment=sealed.seal.environment.digest,
        queue=GPU_QUEUE if claim.limits.gpus else CPU_QUEUE,
        need=need(claim.limits, len(specs), planned),
        account=account,
        assets=frozenset(assets_of(claim).values()),
    )
    with parts.store.transaction() as session:
        submitted = intake.submit(session, submission, force=force)
        if submitted.revised is not None:
            judging.note_revision(session, submitted.revised, parts.settings.contract_base)
        if also is not None:
            also(session, submitted)
    if submitted.created:
        nudge_begun(parts, submitted)
    deliver_soon(parts, session)
    return submitted
