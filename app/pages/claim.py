"""`/claims/{id}`: the verdict in one sentence, what was measured beside what was printed, the attacks, and the history."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Request, Response

from app.api.callers import CallerDep
from app.api.parts import PartsDep
from app.api.problems import not_found
from app.core.caller import Caller
from app.core.checkers import CHECKERS
from app.pages.parts import PageId, expected_pictures, sight, verdict_pictures
from app.pages.proof import proof_of
from app.pages.shell import page_at, render, twin
from app.store import pages, records, views
from app.store.visible import Visible, visible_to

if TYPE_CHECKING:
    from sqlmodel import Session

    from app.actions import Parts
    from app.store.blobs import Blobs

router = APIRouter(include_in_schema=False)

#: The order in which attacks are read.
WORST_FIRST = ("fail", "undecided", "warn", "pass", "not_applicable")
ROWS_MAX = 60  # of a table that is not folded


@router.get("/claims/{claim_id}.json")
def read_json(parts: PartsDep, caller: CallerDep, request: Request, claim_id: PageId) -> Response:
    """Answer with the claim for programs."""
    seen = visible_to(caller)
    _version(parts, claim_id, seen)
    with parts.store.read() as session:
        return twin(request, data(session, parts.blobs, claim_id, seen))


@router.get("/claims/{claim_id}")
def read(parts: PartsDep, caller: CallerDep, request: Request, claim_id: PageId) -> Response:
    """Answer with the claim for people; all that differs is how it speaks to whom of what is closed."""
    seen = visible_to(caller)
    base = str(request.base_url).rstrip("/")
    key = ("claim", claim_id, base, sight(caller), *_version(parts, claim_id, seen))
    return page_at(request, key, lambda: _page(parts, claim_id, base, caller))


def data(session: Session, blobs: Blobs, claim_id: str, seen: Visible) -> dict[str, Any]:
    """Return what the page shows of a claim."""
    found = records.claim(session, claim_id, seen)
    if found is None:
        raise not_found("claim")
    newest = found["revisions"][-1]
    standing = found["standing_verdict"]
    verdict = None if standing is None else views.verdict(session, standing)
    verifications = pages.verifications_of(session, claim_id)
    sealed = (item["seal"] for item in newest["verdicts"] if item["id"] == standing)
    seal: str | None = None if verdict is None else next(sealed)
    kind = newest["document"]["reproduce"]["kind"]
    judged = verdict["verification_id"] if verdict else verifications[0]["id"] if verifications else None
    proof = proof_of(session, blobs, judged, seal) if kind in CHECKERS and judged is not None else None
    return {
        "id": found["id"],
        "name": found["name"],
        "publisher": found["publisher"],
        "closed": found["closed"],
        "record": None if found["record_id"] is None else pages.record_of(session, found["record_id"]),
        "revision": newest["number"],
        "claim": newest["document"],
        "kind": kind,
        "verdict": verdict,
        "seal": seal,
        **({} if proof is None else {"proof": proof}),
        "verifications": verifications,
        "history": [
            {
                "number": item["number"],
                "created_at": item["created_at"],
                "claim": item["document"],
                "verdicts": [_past(verdict, standing) for verdict in item["verdicts"]],
            }
            for item in found["revisions"]
        ],
    }


def _page(parts: Parts, claim_id: str, base: str, caller: Caller) -> bytes:
    drawn: list[dict[str, Any]] = []
    runs = None
    with parts.store.read() as session:
        found = data(session, parts.blobs, claim_id, visible_to(caller))
        verdict = found["verdict"]
        if verdict is not None:
            seeds = pages.seal(session, found["seal"])["seeds"]
            drawn = verdict_pictures(verdict, found["kind"], seeds)
            runs = views.runs(session, verdict["verification_id"])
            controls = sorted(verdict["controls"], key=lambda row: WORST_FIRST.index(row["result"]))
            verdict = verdict | {"controls": controls}
    shown, folded = apart(drawn)
    return render(
        "claim.html",
        claim=found,
        verdict=verdict,
        pictures=sorted((item for item in drawn if item["drawing"]), key=_matches),
        comparisons=shown,
        folded=folded,
        bare=[] if drawn else expected_pictures(found["claim"], runs),
        runs=runs,
        base=base,
        sight=sight(caller),
    )


def apart(comparisons: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return the comparisons that a page shows at once, and the rest; of many, those that do not match come first."""
    ranked = sorted(comparisons, key=_matches) if len(comparisons) > ROWS_MAX else comparisons
    return ranked[:ROWS_MAX], ranked[ROWS_MAX:]


def _matches(item: dict[str, Any]) -> bool:
    return bool(item["comparison"]["match"])


def _version(parts: Parts, claim_id: str, seen: Visible) -> tuple[str, ...]:
    version = pages.claim_version(parts.store, claim_id, seen)
    if version is None:
        raise not_found("claim")
    return version


def _past(verdict: dict[str, Any], standing: str | None) -> dict[str, Any]:
    told = ("id", "verification_id", "status", "reason_code", "reason", "evaluated_at", "evidence", "evidence_holds")
    return {name: verdict[name] for name in told} | {"standing": verdict["id"] == standing}
