"""`/compare?verification=a&verification=b`: two to four jobs side by side, what differs first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Request, Response

from app.api.parts import PartsDep
from app.api.problems import ApiError
from app.pages import verification
from app.pages.parts import _ID, verdict_pictures
from app.pages.shell import page, twin
from app.store import pages

if TYPE_CHECKING:
    from sqlmodel import Session

    from app.actions import Parts

router = APIRouter(include_in_schema=False)

LEAST, MOST = 2, 4


@router.get("/compare.json")
def read_json(parts: PartsDep, request: Request) -> Response:
    """Answer with the comparison for programs."""
    jobs, _ = _jobs(parts, request)
    return twin(request, {"verifications": [job["id"] for job in jobs], **differences(jobs)})


@router.get("/compare")
def read(parts: PartsDep, request: Request) -> Response:
    """Answer with the comparison for people."""
    if not request.query_params.getlist("verification"):
        return page("compare_empty.html")
    jobs, drawn = _jobs(parts, request)
    return page("compare.html", jobs=jobs, drawn=drawn, fields=differences(jobs))


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


def _jobs(parts: Parts, request: Request) -> tuple[list[dict[str, Any]], list[list[dict[str, Any]]]]:
    ids = list(dict.fromkeys(request.query_params.getlist("verification")))
    if not LEAST <= len(ids) <= MOST or not all(_ID.fullmatch(item) for item in ids):
        raise ApiError(
            "invalid-request", f"name {LEAST} to {MOST} different verifications: ?verification=ver_…&verification=ver_…"
        )
    with parts.store.read() as session:
        jobs = [_job(session, item) for item in ids]
    drawn = [
        verdict_pictures(job["verdict"], job["claim"]["kind"], job["sealed"]["seeds"]) if job["verdict"] else []
        for job in jobs
    ]
    for column, rows in enumerate(drawn):
        for row in rows:
            if row["drawing"] is not None:  # ids are of one page
                row["drawing"] = (
                    row["drawing"].replace('"band-', f'"c{column}-band-').replace(" band-", f" c{column}-band-")
                )
    return jobs, drawn


def _job(session: Session, verification_id: str) -> dict[str, Any]:
    found = verification.data(session, verification_id)
    return found | {"sealed": pages.seal(session, found["seal"])}
