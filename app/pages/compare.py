"""`/compare?verification=a&verification=b`: two to four jobs side by side, what differs first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Request, Response

from app.api.callers import CallerDep
from app.api.parts import PartsDep
from app.api.problems import ApiError
from app.core.caller import Caller
from app.pages import pictures, verification
from app.pages.band_svg import both
from app.pages.parts import ID, PICTURES_MAX
from app.pages.shell import page, twin
from app.store import pages
from app.store.visible import Visible, visible_to

if TYPE_CHECKING:
    from markupsafe import Markup
    from sqlmodel import Session

    from app.actions import Parts

router = APIRouter(include_in_schema=False)

LEAST, MOST = 2, 4


@router.get("/compare.json")
def read_json(parts: PartsDep, caller: CallerDep, request: Request) -> Response:
    """Answer with the comparison for programs."""
    jobs = _jobs(parts, caller, request)
    return twin(request, {"verifications": [job["id"] for job in jobs], **differences(jobs)})


@router.get("/compare")
def read(parts: PartsDep, caller: CallerDep, request: Request) -> Response:
    """Answer with the comparison for people."""
    if not request.query_params.getlist("verification"):
        return page(request, "compare_empty.html")
    jobs = _jobs(parts, caller, request)
    return page(request, "compare.html", jobs=jobs, drawn=drawings(jobs), fields=differences(jobs))


def differences(jobs: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """Return every field of some jobs with its values, those that differ apart from those that are the same."""
    flat = [_flat(job) for job in jobs]
    names = list(dict.fromkeys(name for job in flat for name in job))
    rows = [{"field": name, "values": [job.get(name, "–") for job in flat]} for name in names]
    differ = [row for row in rows if len(set(row["values"])) > 1]
    return {"differ": differ, "same": [row for row in rows if row not in differ]}


def _flat(job: dict[str, Any]) -> dict[str, str]:
    claim, verdict, seal = job["claim"], job["verdict"], job["sealed"]
    found = {
        "claim": claim["name"],
        "statement": claim["statement"],
        "revision": str(claim["revision"]),
        "reproduction": claim["kind"],
        "state": job["state"],
        "seal": job["seal"],
        "environment": f"{seal['environment']['name']} {seal['environment']['digest']}",
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
    ids = list(dict.fromkeys(request.query_params.getlist("verification")))
    if not LEAST <= len(ids) <= MOST or not all(ID.fullmatch(item) for item in ids):
        detail = f"name {LEAST} to {MOST} different verifications: ?verification=ver_…&verification=ver_…"
        raise ApiError("invalid-request", detail)
    with parts.store.read() as session:
        return [_job(session, item, visible_to(caller)) for item in ids]


def drawings(jobs: list[dict[str, Any]]) -> dict[str, list[Markup | None]]:
    """Return for every metric whose comparisons differ its picture in each job."""
    compared = [{row["metric"]: row for row in (job["verdict"] or {"comparisons": ()})["comparisons"]} for job in jobs]
    metrics = list(dict.fromkeys(name for rows in compared for name in rows))
    differing = [name for name in metrics if any(rows.get(name) != compared[0].get(name) for rows in compared)]
    drawn: dict[str, list[Markup | None]] = {name: [] for name in differing[:PICTURES_MAX]}
    for column, (job, rows) in enumerate(zip(jobs, compared, strict=True)):
        for index, (name, found) in enumerate(drawn.items()):
            picture = None
            if name in rows:
                item = pictures.comparison(rows[name])
                seeds = job["sealed"]["seeds"][: len(item.values)]
                picture = pictures.of_comparison(item, job["claim"]["kind"], seeds)
            found.append(None if picture is None else both(picture, f"band-{index}-{column}"))
    return drawn


def _job(session: Session, verification_id: str, seen: Visible) -> dict[str, Any]:
    found = verification.data(session, verification_id, seen)
    return found | {"sealed": pages.seal(session, found["seal"])}
