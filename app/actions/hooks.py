"""Webhooks that come in: deliveries taken in, claims submitted on behalf of their sources, commits told.

A delivery is answered after one insert; everything else is done by a worker that serves the queue `outside`. What a source
may do is settled by its operator: which repository, which claims of it, in which environments, how many a day.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, BinaryIO

from sqlalchemy.exc import IntegrityError

from app.actions.complaints import complaint_of
from app.actions.intake import Origin, submit_archive, submit_formula
from app.actions.sources import secrets_of
from app.core import hook_words
from app.core.errors import Fault, Problem, Refusal
from app.core.hook_change import CONTEXT
from app.core.hooks import begin
from app.core.model import Formula
from app.store import hook_claims, hook_reports, hooks, intake, sources, views
from app.store.hook_claims import Came
from app.store.hook_reports import NewReport
from app.store.taking_turns import take_turns

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from sqlmodel import Session

    from app.actions.parts import Parts
    from app.core.forges import Place
    from app.core.hook_words import Said
    from app.core.hooks import Checking, Signed
    from app.core.model import Claim
    from app.store.hook_reports import Report
    from app.store.hooks import Taken
    from app.store.intake import Submitted
    from app.store.sources import KnownSource

DAY_SECONDS = 86_400
PATIENCE_SECONDS = 900  # after which a delivery or report that somebody took is due again by itself

# --- deliveries


def receive(parts: Parts, source_id: str, headers: Mapping[str, str], body: bytes) -> tuple[str, str] | None:
    """Take in a delivery; returns its id and state (`queued`, or `done`: no work). None: it was not signed by a source.

    Args:
        parts: the service's parts.
        source_id: in the address that was asked.
        headers: of the request, names in lower case.
        body: as it came.

    Raises:
        Refusal: as `take_in`.

    """
    checking = check_delivery(parts, source_id, headers)
    if checking is None:
        return None
    checking.add(body)
    signed = checking.end()
    if signed is None:
        count_refusal(parts, source_id)
        return None
    return take_in(parts, source_id, signed, body)


def check_delivery(parts: Parts, source_id: str, headers: Mapping[str, str]) -> Checking | None:
    """Return what the body of a delivery is to be held against; None: there is no such source."""
    with parts.store.read() as session:
        source = sources.find(session, source_id)
    return None if source is None else begin(source.kind, secrets_of(parts, source), headers, time.time())


def count_refusal(parts: Parts, source_id: str) -> None:
    """Count a request that no secret of a source had signed."""
    with parts.store.transaction() as session:
        sources.count_refusal(session, source_id)


def take_in(parts: Parts, source_id: str, signed: Signed, body: bytes) -> tuple[str, str]:
    """Write a signed delivery down; returns its id and state, as `receive`.

    Raises:
        Refusal: nobody can tell what it is about.

    """
    if signed.topic is None:  # taken for done it would stand in the way of the same body under its event's name
        detail = "no header names the event: X-GitHub-Event, X-Gitlab-Event or X-Forgejo-Event is missing"
        remedy = "let whatever stands between forge and service pass it on"
        raise Refusal.of(Problem(None, None, "", "event-missing", detail, remedy))
    try:
        with parts.store.transaction() as session:
            return hooks.receive(session, source_id, signed, body)
    except IntegrityError:  # the same one came twice at once
        with parts.store.transaction() as session:
            return hooks.receive(session, source_id, signed, body)


def take_hook(parts: Parts) -> Taken | None:
    """Take the delivery whose turn it is."""
    with parts.store.transaction() as session:
        return hooks.take(session, PATIENCE_SECONDS)


def settle_hook(parts: Parts, taken: Taken, state: str, detail: str, *, keep: bool = True) -> None:
    """Write down how a delivery ended; `keep` a failed one's payload unless it would fail again."""
    with parts.store.transaction() as session:
        hooks.settle(session, taken, state, detail, keep=keep)


def postpone_hook(parts: Parts, taken: Taken, detail: str) -> bool:
    """Leave a delivery for another attempt; False: there were enough."""
    with parts.store.transaction() as session:
        return hooks.postpone(session, taken, detail)


def reported_folders(parts: Parts, source: KnownSource, sha: str, names: Sequence[str]) -> list[str]:
    """Return the folders of the claims that a commit was told of before."""
    with parts.store.read() as session:
        return hook_reports.reported_folders(session, source.id, sha, names)


# --- claims


def submit_from_commit(  # noqa: PLR0913 - whose claim it is, and where it lies
    parts: Parts, source: KnownSource, delivery_id: str, place: Place, folder: str, archive: BinaryIO
) -> bool:
    """Submit the claim in a folder of a commit, and note what the commit is to be told of it; False: it was refused.

    Raises:
        Fault: there is nothing to seal it with.

    """
    _require_environment(parts)
    told: dict[str, Any] = {"context": f"{CONTEXT}/{folder or 'claim.toml'}", "lines": {}}
    came = {"delivery_id": delivery_id, "sha": place.sha, "folder": folder, "name": ""}

    def accept(claim: Claim, text: bytes) -> None:
        told.update(context=f"{CONTEXT}/{claim.claim.id}", lines=hook_words.claim_lines(claim, text))
        came.update(name=claim.claim.id)
        _accept(source, claim)

    def also(session: Session, submitted: Submitted) -> None:
        _within_budget(session, source, submitted)
        report = {**told, "verification_id": submitted.verification_id}
        hook_reports.put_report(session, _report(source, place, folder, report))
        hook_claims.put(session, Came(**came, verification_id=submitted.verification_id))

    try:
        submit_archive(parts, archive, source.publisher, also=also, origin=Origin(folder, accept))
    except Refusal as refusal:
        text, lines = hook_words.placed(refusal.problems, folder)
        report = {"context": told["context"], "lines": lines, "refusal": text}
        with parts.store.transaction() as session:
            hook_reports.put_report(session, _report(source, place, folder, report))
            hook_claims.put(session, Came(**came, refusal=text))
        return False
    return True


def submit_from_program(
    parts: Parts, source: KnownSource, delivery_id: str, document: dict[str, Any] | None, archive: BinaryIO | None
) -> str:
    """Submit a claim that came along with a delivery; returns its verification.

    Raises:
        Refusal: it is not acceptable.
        Fault: as `submit_from_commit`.

    """
    _require_environment(parts)

    came = {"delivery_id": delivery_id, "sha": "", "folder": "", "name": ""}

    def accept(claim: Claim, _: bytes) -> None:
        came.update(name=claim.claim.id)
        _accept(source, claim)

    def also(session: Session, submitted: Submitted) -> None:
        _within_budget(session, source, submitted)
        hook_claims.put(session, Came(**came, verification_id=submitted.verification_id))

    origin = Origin(None, accept)
    if archive is not None:
        return submit_archive(parts, archive, source.publisher, also=also, origin=origin).verification_id
    return submit_formula(parts, document or {}, source.publisher, also=also, origin=origin).verification_id


def _require_environment(parts: Parts) -> None:
    """Look at no claim while there is nothing to seal it with: it would be blamed for our lack.

    Raises:
        Fault: no worker has published an environment yet.

    """
    with parts.store.read() as session:
        if not intake.environments(session):
            raise Fault("no-environment", "no worker has published an environment yet", "start a worker")


def _accept(source: KnownSource, claim: Claim) -> None:
    """Refuse what the operator did not open to a source.

    Raises:
        Refusal: its environment or its GPUs are not open to the source.

    """
    name = None if isinstance(claim.reproduce, Formula) else claim.reproduce.environment
    if name is not None and name not in source.environments:
        known = ", ".join(sorted(source.environments)) or "none"
        detail = f"claims of this repository may not run in the environment {name}"
        raise _refuse("environment-closed", detail, f"use one of: {known}; or ask the operator to open it")
    if claim.limits.gpus > source.gpus:
        detail = f"claims of this repository may ask for {source.gpus} GPUs, this one asks for {claim.limits.gpus}"
        raise _refuse("gpus-closed", detail, "lower [limits] gpus, or ask the operator to open more")


def _within_budget(session: Session, source: KnownSource, submitted: Submitted) -> None:
    """Count a fresh verification, or refuse it; in the transaction that begins it, one at a time for a source.

    Raises:
        Refusal: there were enough within 24 hours.

    """
    if not submitted.created:
        return
    take_turns(session, "source", source.id)
    if hooks.begun_since(session, source.id, DAY_SECONDS) >= source.per_day:
        detail = f"this repository has begun its {source.per_day} verifications of 24 hours"
        raise _refuse("budget-spent", detail, "push, or send it, anew tomorrow; or ask the operator for more")
    hooks.note_begun(session, source.id, submitted.verification_id)


def _refuse(code: str, detail: str, remedy: str) -> Refusal:
    return Refusal.of(Problem("claim.toml", None, "", code, detail, remedy))


# --- what commits are told


def refuse_on_commit(parts: Parts, source: KnownSource, place: Place, text: str) -> None:
    """Note that a commit is to be told why nothing of it was taken in."""
    with parts.store.transaction() as session:
        report = {"context": CONTEXT, "lines": {}, "refusal": text}
        hook_reports.put_report(session, _report(source, place, "", report))


def clear_refusal(parts: Parts, source: KnownSource, place: Place) -> None:
    """Note that what was refused of a commit as a whole has been taken in since."""
    with parts.store.transaction() as session:
        if hook_reports.refused(session, source.id, place.sha, CONTEXT):
            report = {"context": CONTEXT, "lines": {}, "refusal": ""}
            hook_reports.put_report(session, _report(source, place, "", report))


def _report(source: KnownSource, place: Place, folder: str, values: dict[str, Any]) -> NewReport:
    return NewReport(
        source_id=source.id,
        folder=folder,
        repository=place.repository,
        repository_id=place.repository_id,
        sha=place.sha,
        **values,
    )


def take_report(parts: Parts) -> Report | None:
    """Take a report that is due."""
    with parts.store.transaction() as session:
        return hook_reports.take_report(session, PATIENCE_SECONDS)


def said_by(parts: Parts, report: Report) -> Said:
    """Return what a commit is to be told as things are now."""
    base = parts.settings.public_url.rstrip("/")
    if report.verification_id is None:
        return hook_words.of_refusal(report.context, report.folder, report.lines, report.refusal or "", base)
    with parts.store.read() as session:
        view = views.verification(session, report.verification_id)
    if view is None:
        raise LookupError(report.verification_id)
    found = hook_words.Found(
        complaint=complaint_of(parts, view),
        id=view.row["id"],
        state=view.row["state"],
        statement=view.claim["statement"],
        detail=view.row["detail"],
        verdict=view.verdict,
    )
    return hook_words.of_verification(report.context, report.folder, report.lines, found, base)


def note_told(  # noqa: PLR0913 - what was told
    parts: Parts, report: Report, state: str, check_run: str | None, error: str = "", *, said: str = ""
) -> None:
    """Write down what a commit was told, or why nobody could be."""
    with parts.store.transaction() as session:
        hook_reports.told(session, report, state, check_run, said=said, error=error)


def note_not_told(parts: Parts, report: Report, error: str) -> bool:
    """Leave a report for another attempt; False: there were enough."""
    with parts.store.transaction() as session:
        return hook_reports.not_told(session, report, error)


def tell_commits(parts: Parts, verification_id: str) -> None:
    """Ask for the commits that wait for a verification to be told; the next look finds them if this is lost."""
    with parts.store.read() as session:
        awaited = hook_reports.awaited(session, verification_id)
    if awaited:
        parts.queue.nudge_hooks()
