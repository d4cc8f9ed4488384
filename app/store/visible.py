"""Which rows a caller may know of: the one place that says so, for lists, counts, pages, feeds, badges and single things.

    record         public, or the caller's own
    claim          of a public record whose publisher has opened its claims, or without a record and released; or own
    verification   as its claim; its runs, logs and events likewise
    verdict        by its id: of a public record, its claims open or not, or of a released claim without a record; or own.
                   A public record names its verdicts, and the digests of their evidence. In lists and counts: as its claim.
    evidence       its archive, which holds the claim and its files: as its claim, under a scope of its own
    ledger row     shows its body as its verdict or correction may be known, hashes always (`app.store.ledger`)

"Own" means that the caller's key has the scope to read. The operator knows everything. The loopback (see
`app.core.caller`) has its publisher's own, and is answered by any id of a verification, run, verdict or evidence.

What may not be known is answered as if it were not there, after the same statements: put the condition into the statement
that looks for the row, never behind it. Every condition speaks of `ClaimRow` and `Record`, which the statement joins: the
claim by an inner join, the record by an outer one.

    select(Verdict)
    .join(ClaimRow, col(ClaimRow.id) == Verdict.claim_id)
    .join(Record, col(Record.id) == ClaimRow.record_id, isouter=True)
    .where(visible_to(caller).verdicts)
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from sqlalchemy import and_, case, false, or_, true
from sqlmodel import col

from app.core.caller import STRANGER, Caller, Scope
from app.store.tables import ClaimRow, Record
from app.store.upkeep import CLOSED

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement

#: What strangers may know of. In the words of these conditions, claim and record are joined from outside.
PUBLIC_RECORD = col(Record.visibility) == "public"
RELEASED = and_(col(ClaimRow.record_id).is_(None), col(ClaimRow.visibility) == "public")
PUBLIC_CLAIM = or_(RELEASED, and_(PUBLIC_RECORD, col(Record.claims_public)))
PUBLIC_VERDICT = or_(RELEASED, PUBLIC_RECORD)
#: Whether only the publisher sees a claim, and whether only he sees a record, as columns of what a caller may know of.
CLOSED_CLAIM = case((PUBLIC_CLAIM, false()), else_=true())  # a missing record makes the bare condition null
PRIVATE_RECORD = col(Record.visibility) != "public"


@dataclass(frozen=True, eq=False)  # compared by identity: comparing conditions would make another condition
class Visible:
    """Conditions on joined rows; `key` tells apart who is shown different things, for whatever keeps made answers."""

    records: ColumnElement[bool]
    claims: ColumnElement[bool]
    verifications: ColumnElement[bool]  # and runs
    verdicts: ColumnElement[bool]  # asked for by id
    ledgered: ColumnElement[
        bool
    ]  # verdicts in the ledger, without being asked for by id; the same but for the loopback
    evidence: ColumnElement[bool]
    key: str
    audiences: tuple[str, ...] | None = ("",)  # whose claims' verdicts they are (`app.store.upkeep`); None: everybody's


#: What the operator and the service itself know of.
EVERYTHING = Visible(true(), true(), true(), true(), true(), true(), "all", None)


def visible_to(caller: Caller = STRANGER, scope: Scope = Scope.VERDICTS_READ) -> Visible:
    """Return what a caller may know of.

    Args:
        caller: who asks.
        scope: what its key must allow for its own private things; `EVIDENCE_READ` for evidence.

    """
    if caller.operator:
        return EVERYTHING
    own = caller.publisher if caller.may(scope) else None
    return _visible(own, by_id=caller.loopback)


@lru_cache(maxsize=1024)
def _visible(own: str | None, *, by_id: bool) -> Visible:
    record, claim, verdict = PUBLIC_RECORD, PUBLIC_CLAIM, PUBLIC_VERDICT
    if own is None:
        return Visible(record, claim, claim, verdict, verdict, claim, "")
    of_record, of_claim = col(Record.publisher) == own, col(ClaimRow.publisher) == own
    claims, verdicts = or_(claim, of_claim), or_(verdict, of_claim)
    of_own = ("", f"{CLOSED}{own}", own)
    records, free = or_(record, of_record), EVERYTHING.verifications
    if by_id:
        return Visible(records, claims, free, free, verdicts, free, f"here {own}", of_own)
    return Visible(records, claims, claims, verdicts, verdicts, claims, f"own {own}", of_own)


#: What strangers know of.
STRANGERS = visible_to(STRANGER)
