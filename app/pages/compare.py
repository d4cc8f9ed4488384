"""`/compare`: verdicts side by side, on one axis where they measure the same, and what differs before what does not.

What is compared stands in the address:

?claim=a&claim=b                     the standing verdicts of two to eight claims
?claim=a                             the newest verdicts of one claim, as many
?verification=a&verification=b       two to eight jobs, with or without a verdict
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Request, Response

from app.api.callers import CallerDep
from app.api.parts import PartsDep
from app.api.problems import ApiError, not_found
from app.core.caller import Caller
from app.core.model import Comparison
from app.pages import lanes_svg, pictures, verification
from app.pages.band_svg import accepted
from app.pages.lanes import Axis, Lane, axis
from app.pages.parts import ID, PICTURES_MAX
from app.pages.shell import page, twin
from app.store import pages, records
from app.store.visible import Visible, visible_to

if TYPE_CHECKING:
    from sqlmodel import Session

    from app.actions import Parts

router = APIRouter(include_in_schema=False)

LEAST, MOST = 2, 8
ASKED = (
    f"name {LEAST} to {MOST} verifications (?verification=ver_…&verification=ver_…), as many claims"
    " (?claim=clm_…&claim=clm_…), or one claim alone, whose own verdicts are then compared"
)


@router.get("/compare.json")
def read_json(parts: PartsDep, caller: CallerDep, request: Request) -> Response:
    """Answer with the comparison for programs."""
    jobs = _jobs(parts, caller, request)
    shown = {"verifications": [job["id"] for job in jobs], "claims": [job["claim"]["id"] for job in jobs]}
    return twin(request, {**shown, "axes": [_told(item) for item in axes(jobs)], **differences(jobs)})


@router.get("/compare")
def read(parts: PartsDep, caller: CallerDep, request: Request) -> Response:
    """Answer with the comparison for people."""
    if not any(request.query_params.getlist(name) for name in ("verification", "claim")):
        return page(request, "compare_empty.html")
    jobs = _jobs(parts, caller, request)
    drawn = [(item, lanes_svg.drawn(item, f"axis-{number}")) for number, item in enumerate(axes(jobs))]
    drawn.sort(key=lambda pair: pair[0].alike)
    shown: dict[str, Any] = {
        "jobs": jobs,
        "drawn": drawn,
        "fields": differences(jobs),
        "here": request.url.query,
        "accepted": accepted,
    }
    return page(request, "compare.html", **shown)


def differences(jobs: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """Return every field of some jobs with its values, those that differ apart from those that are the same."""
    flat = [_flat(job) for job in jobs]
    names = list(dict.fromkeys(name for job in flat for name in job))
    rows = [{"field": name, "values": [job.get(name, "–") for job in flat]} for name in names]
    kinds: dict[str, list[dict[str, Any]]] = {"differ": [], "same": []}
    for row in rows:
        kinds["differ" if len(set(row["values"])) > 1 else "same"].append(row)
    return kinds


def _flat(job: dict[str, Any]) -> dict[str, str]:
    claim, verdict, seal = job["claim"], job["verdict"], job["sealed"]
    found = {
        "claim": claim["name"],
        "publisher": job["publisher"],
        "statement": claim["statement"],
        "revision": str(claim["revision"]),
        "reproduction": claim["kind"],
        "state": job["state"],
        "seal": job["seal"],
        "environment": f"{seal['environment'].get('name', '')} {seal['environment'].get('digest', '–')}".strip(),
        "seeds": ", ".join(map(str, seal["seeds"])),
        "runs": str(job["runs_done"]),
        "time": f"{job['seconds'] or 0:.1f} s",
    }
    found |= {f"limit {name}": str(value) for name, value in seal["claim"]["limits"].items()}
    found |= {f"file {name}": digest for name, digest in seal["files"].items()}
    if verdict is None:
        return found
    found |= {"status": verdict["status"], "reason code": verdict["reason_code"], "reason": verdict["reason"]}
    for row in verdict["comparisons"]:
        for name in ("expected", "computed", "rule", "tolerance", "code"):
            found[f"{row['metric']}: {name}"] = str(row[name] if row[name] is not None else "–")
    return found | {f"control {row['name']}": row["result"] for row in verdict["controls"]}


def _jobs(parts: Parts, caller: Caller, request: Request) -> list[dict[str, Any]]:
    seen, asked = visible_to(caller), request.query_params
    claims, ids = (list(dict.fromkeys(filter(None, asked.getlist(name)))) for name in ("claim", "verification"))
    number = len(claims) + len(ids)
    if bool(claims) is bool(ids) or number > MOST or not all(ID.fullmatch(item) for item in (*claims, *ids)):
        raise ApiError("invalid-request", ASKED)
    with parts.store.read() as session:
        if claims:
            ids = _of_claims(session, claims, seen)
        elif number < LEAST:
            raise ApiError("invalid-request", ASKED)
        return [_job(session, item, seen) for item in ids]


def _of_claims(session: Session, claims: list[str], seen: Visible) -> list[str]:
    """Return the verifications behind the newest verdicts of one claim, oldest first, or the standing ones of several."""
    known = [records.claim(session, item, seen) for item in claims]
    if None in known:
        raise not_found("claim")
    verdicts = [[item for revision in (claim or {})["revisions"] for item in revision["verdicts"]] for claim in known]
    if not all(verdicts):
        raise ApiError("invalid-request", "a claim without a verdict has nothing to compare yet")
    if len(known) == 1:
        return [item["verification_id"] for item in verdicts[0][-MOST:]]
    return [
        next((item for item in mine if item["id"] == (claim or {})["standing_verdict"]), mine[-1])["verification_id"]
        for claim, mine in zip(known, verdicts, strict=True)
    ]


def axes(jobs: list[dict[str, Any]]) -> list[Axis]:
    """Return one axis for each metric and unit that at least two verdicts have a band of, in the order of the first.

    Claims that compare one number each share an axis whatever they call it, if their unit is the same.
    """
    single = all(len((job["verdict"] or {"comparisons": ()})["comparisons"]) == 1 for job in jobs)
    alone = len({job["claim"]["id"] for job in jobs}) == 1
    found: dict[tuple[str, str], list[tuple[str, Lane]]] = {}
    for number, job in enumerate(jobs, 1):
        for document in (job["verdict"] or {"comparisons": ()})["comparisons"]:
            item = pictures.comparison(document)
            picture = pictures.of_comparison(item, job["claim"]["kind"], job["sealed"]["seeds"][: len(item.values)])
            if picture is not None:
                place = ("" if single else item.metric, picture.unit)
                named = f"{number}. {label(job, item, alone=alone)}"
                found.setdefault(place, []).append((item.metric, Lane(named, picture)))
    made = []
    for rows in list(found.values())[:PICTURES_MAX]:
        names = list(dict.fromkeys(name for name, _ in rows))
        if len(rows) >= LEAST:
            made.append(axis(", ".join(names), [lane for _, lane in rows]))
    return made


def label(job: dict[str, Any], item: Comparison, *, alone: bool) -> str:
    """Return how a verdict is called beside others; the claim's name says nothing where there is one alone."""
    which = f"revision {job['claim']['revision']}" if alone else job["claim"]["name"]
    return f"{which}: {job['verdict']['status'].lower()}, {pictures.rule(item)}"


def _told(found: Axis) -> dict[str, Any]:
    """Return an axis for programs: the numbers that were drawn, as text."""
    return {
        "metric": found.metric,
        "unit": found.unit,
        "lanes": [
            {
                "label": lane.label,
                "expected": lane.picture.expected_text or None,
                "low": None if lane.picture.band.low is None else str(lane.picture.band.low),
                "high": None if lane.picture.band.high is None else str(lane.picture.band.high),
                "values": [
                    {
                        "label": point.label,
                        "value": None if point.value is None else str(point.value),
                        "inside": mark.inside,
                    }
                    for point, mark in zip(lane.picture.points, line.strip or line.marks, strict=False)
                ],
            }
            for lane, line in found.lanes
        ],
    }


def _job(session: Session, verification_id: str, seen: Visible) -> dict[str, Any]:
    found = verification.data(session, verification_id, seen)
    return found | {"sealed": pages.seal(session, found["seal"])}
