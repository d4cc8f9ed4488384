"""The clerk: works on what forges and programs delivered, and tells commits what became of it.

Theory of operation. Whatever is to be done is a row first and is taken by one statement (`app.store.hooks`), so the clerk
may end at any moment, and several of them may work side by side. It works in threads of its own: no run waits for a slow
forge. A nudge wakes it; without one it looks every few seconds.

A delivery ends `done`, or `failed` where the same one should be worked on when it comes again: its payload is no good, its
repository is not the source's, or a forge did not answer for hours.
"""

from __future__ import annotations

import base64
import binascii
import io
import json
import logging
import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from app import actions
from app.core import hook_paths, hook_payloads
from app.core.errors import Fault, Refusal
from app.core.forges import Place
from app.core.hook_change import Change, Look, Nothing, Submitted, Unusable
from app.intake import REPOSITORY, repository_paths
from app.store.errors import StoreUnavailable
from workers.forge import Forge, ForgeError, TooLargeError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from app.actions import OpenSource, Parts
    from app.store.hook_reports import Report
    from app.store.hooks import Taken
    from workers.outside import Outside

log = logging.getLogger(__name__)

THREADS = 2
LOOK_SECONDS = 20.0
CLAIMS_MAX = 100  # of one delivery
NOTHING_TOUCHED = "no claim of this source is touched"
SOURCE_GONE = "the source was removed"
NO_WAY_BACK = "the source has neither a token nor an App"

# --- deliveries


def work(parts: Parts, outside: Outside, taken: Taken) -> None:
    """Work on a delivery and write down what came of it; a fault of ours leaves it for later, a few times."""
    try:
        _work(parts, outside, taken)
    except StoreUnavailable:
        raise  # nothing can be written down; it is due again by itself
    except Fault as fault:
        log.exception("delivery %s", taken.id)
        actions.postpone_hook(parts, taken, f"The service failed: {fault}")


def _work(parts: Parts, outside: Outside, taken: Taken) -> None:
    source = actions.open_source(parts, taken.source_id)
    if source is None:
        actions.settle_hook(parts, taken, "done", SOURCE_GONE)
        return
    try:
        told = hook_payloads.read(source.known.kind, taken.event, _parsed(taken.body))
    except Unusable as error:
        if error.sha:
            place = Place(error.repository, error.repository_id, error.sha)
            _refuse(parts, source, place, f"The webhook's payload cannot be used: {error.detail}.")
        actions.settle_hook(parts, taken, "failed", error.detail, keep=False)
        return
    if isinstance(told, Nothing):
        actions.settle_hook(parts, taken, "done", told.reason)
    elif isinstance(told, Submitted):
        _from_program(parts, source, taken, told)
    else:
        _from_forge(parts, Forge(outside, source), source, taken, told)


def _from_forge(parts: Parts, forge: Forge, source: OpenSource, taken: Taken, change: Change) -> None:
    """Work on what a forge told of a commit; what the forge does not do is asked of it again later."""
    place = Place(change.repository, change.repository_id, change.sha)
    state, detail = "failed", _refusal(source, change) or ""
    try:
        if not detail:
            place = replace(place, sha=forge.commit(change))
            state, detail = _from_commit(parts, forge, source, taken.id, change, place)
    except (TooLargeError, Refusal) as error:
        state, detail = "failed", str(error)
    except ForgeError as error:
        again = actions.postpone_hook(parts, taken, str(error))
        log.warning("delivery %s: %s; %s", taken.id, error, "it is tried again" if again else "it was given up")
        if not again and place.sha:
            _refuse(parts, source, place, f"The forge did not give what was asked of it: {error}")
        return
    if state == "failed" and place.sha:
        _refuse(parts, source, place, detail)
    # A commit, its repository and our bounds stay what they are: worked on again, it would come to the same.
    actions.settle_hook(parts, taken, state, detail, keep=False)


def _refuse(parts: Parts, source: OpenSource, place: Place, text: str) -> None:
    """Note that a commit is to be told why nothing of it was taken in."""
    actions.refuse_on_commit(parts, source.known, place, text)


def _parsed(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Unusable("the payload is no JSON") from error


def _refusal(source: OpenSource, change: Change) -> str | None:
    """Return why nothing of a commit is taken in."""
    known = source.known
    if change.repository_id == known.repository_id and change.repository.lower() != known.repository.lower():
        # Its name leads to what is fetched: who knows the secret must not lead us elsewhere with the token.
        return f"{known.repository} is called {change.repository} now: ask the operator for a source of that name."
    if change.repository_id != known.repository_id:
        return (
            f"This webhook is set up for {known.repository} ({known.repository_id}), not for {change.repository}"
            f" ({change.repository_id}). Remove it here, or ask the operator for a source of this repository."
        )
    if change.fork:
        return (
            f"Claims from {change.fork}, a fork, are not run. Push the branch to {known.repository} to have them run."
        )
    return None


def _from_program(parts: Parts, source: OpenSource, taken: Taken, told: Submitted) -> None:
    archive = None
    if told.archive is not None:
        try:
            archive = io.BytesIO(base64.b64decode(told.archive, validate=True))
        except (binascii.Error, ValueError):
            actions.settle_hook(parts, taken, "failed", "`data.bundle` is no base 64", keep=False)
            return
    try:
        verification = actions.submit_from_program(parts, source.known, taken.id, told.document, archive)
    except Refusal as refusal:  # what the operator opens, or another day, may let it in
        actions.settle_hook(parts, taken, "failed", str(refusal))
    else:
        actions.settle_hook(parts, taken, "done", verification)


def _from_commit(  # noqa: PLR0913 - of which delivery, and where its claims lie
    parts: Parts, forge: Forge, source: OpenSource, delivery_id: str, change: Change, place: Place
) -> tuple[str, str]:
    """Submit the claims of a commit that are meant; returns how the delivery ends, and what is said of it.

    Raises:
        ForgeError: the forge did not do what it was asked for.
        TooLargeError, Refusal: its archive cannot be taken in.

    """
    pattern = source.known.pattern
    changed: Collection[str] | None = change.paths if change.look is Look.PATHS else None
    if change.look in {Look.COMPARE, Look.PULL}:
        changed = forge.changed(change)
    if changed is not None and not hook_paths.may_touch(changed, pattern):
        return "done", NOTHING_TOUCHED
    archive = forge.archive(place)
    claims = hook_paths.claims_among(repository_paths(io.BytesIO(archive), REPOSITORY), pattern)
    meant = _meant(parts, source, change, place, claims, changed)
    if len(meant) > CLAIMS_MAX:
        many = f"{len(meant)} claims are touched, and {CLAIMS_MAX} are taken in at once. Push them in smaller steps."
        return "failed", many
    taken = [
        actions.submit_from_commit(parts, source.known, delivery_id, place, item, io.BytesIO(archive)) for item in meant
    ]
    if change.look is not Look.REPORTED:  # what is asked for again was not refused; what was refused still is
        actions.clear_refusal(parts, source.known, place)
    if not meant:
        return "done", NOTHING_TOUCHED
    refused = f", {taken.count(False)} refused" if not all(taken) else ""
    return "done", f"{taken.count(True)} of {len(claims)} claims taken in{refused}"


def _meant(  # noqa: PLR0913 - what decides which claims are meant
    parts: Parts, source: OpenSource, change: Change, place: Place, claims: list[str], changed: Any
) -> Sequence[str]:
    if change.look is Look.REPORTED:
        known = actions.reported_folders(parts, source.known, place.sha, change.names)
        return [folder for folder in claims if folder in known]
    return claims if changed is None else hook_paths.touched(claims, changed)


# --- what commits are told


def tell(parts: Parts, outside: Outside, report: Report) -> None:
    """Tell a commit what is known of a claim, and write down that it was; a fault of ours leaves it for later."""
    try:
        _tell(parts, outside, report)
    except StoreUnavailable:
        raise
    except Fault as fault:
        log.exception("report %s", report.id)
        actions.note_not_told(parts, report, f"The service failed: {fault}")


def _tell(parts: Parts, outside: Outside, report: Report) -> None:
    source = actions.open_source(parts, report.source_id)
    said = actions.said_by(parts, report)
    if source is None or not source.reports:  # nobody can be told; what is known stays with the row
        actions.note_told(parts, report, said.note.state, None, SOURCE_GONE if source is None else NO_WAY_BACK)
        return
    place = Place(report.repository, report.repository_id, report.sha)
    try:
        check_run = Forge(outside, source).tell(place, said, report.check_run)
    except ForgeError as error:
        again = actions.note_not_told(parts, report, str(error))
        log.warning("report %s: %s; %s", report.id, error, "it is tried again" if again else "it was given up")
        return
    actions.note_told(parts, report, said.note.state, check_run, said=said.note.sentence)


class Clerk:
    """Does what is due, in THREADS threads; sleeps until somebody wakes it or it is time to look."""

    def __init__(self, parts: Parts, outside: Outside) -> None:
        self._parts = parts
        self._outside = outside
        self._over = threading.Event()
        self._woken = [threading.Event() for _ in range(THREADS)]
        self._threads = [
            threading.Thread(target=self._live, args=(event,), name="clerk", daemon=True) for event in self._woken
        ]

    def start(self) -> None:
        """Begin."""
        for thread in self._threads:
            thread.start()

    def wake(self) -> None:
        """Look now."""
        for event in self._woken:
            event.set()

    def stop(self) -> None:
        """Begin nothing more; what is under way becomes due again by itself if it does not end."""
        self._over.set()
        self.wake()
        for thread in self._threads:
            thread.join(1)

    def _live(self, woken: threading.Event) -> None:
        while not self._over.is_set():
            woken.clear()
            while not self._over.is_set() and self.step():
                pass
            woken.wait(LOOK_SECONDS)

    def step(self) -> bool:
        """Do one thing that is due; False: there is none."""
        try:
            for take, do in self._errands():
                found = take(self._parts)
                if found is not None:
                    do(self._parts, self._outside, found)
                    return True
        except Fault as fault:
            log.warning("the clerk is held up: %s", fault)
        except Exception:
            log.exception("the clerk stumbled; what it had in hand is taken up again later")
        return False

    @staticmethod
    def _errands() -> tuple[tuple[Callable[[Parts], Any], Callable[[Parts, Outside, Any], None]], ...]:
        return (actions.take_hook, work), (actions.take_report, tell)
