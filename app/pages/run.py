"""`/runs/{id}`: what one process did, what it used of what it was allowed, and the end of what it said (`app.pages.log`).

The whole log is one address further, as plain text that no browser takes for anything else.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response
from markupsafe import Markup

from app.api.callers import CallerDep
from app.api.conditional import IMMUTABLE, not_modified
from app.api.parts import PartsDep
from app.api.problems import not_found
from app.core.caller import Caller
from app.core.lifecycle import RUN, final
from app.pages import chart, log, words
from app.pages.parts import PageId, sight
from app.pages.shell import HEADERS, page, twin
from app.store import pages, waiting
from app.store.visible import visible_to

if TYPE_CHECKING:
    from app.actions import Parts

router = APIRouter(include_in_schema=False)

STREAMS = ("stdout", "stderr")
STEPS = ("queued", "running", "done")
Line = Annotated[int | None, Query(ge=1, le=1 << 40)]


@router.get("/runs/{run_id}.json")
def read_json(parts: PartsDep, caller: CallerDep, request: Request, run_id: PageId) -> Response:
    """Answer with the run for programs."""
    return twin(request, data(parts, run_id, caller))


@router.get("/runs/{run_id}")
def read(  # noqa: PLR0913 - what its address may hold
    parts: PartsDep,
    caller: CallerDep,
    request: Request,
    run_id: PageId,
    part: str = "",
    stdout: Line = None,
    stderr: Line = None,
) -> Response:
    """Answer with the run for people; `?part=live` is what changes, alone, and `?stderr=120` the log around a line."""
    found = data(parts, run_id, caller)
    live = found["state"] not in final(RUN)
    if part == "live":
        answer = page(request, "run_live.html", run=found, live=live, steps=STEPS)
        if not live:
            answer.headers["HX-Refresh"] = "true"  # it has a log now
        return answer
    digests = {name: found[name] for name in in_order(found["outcome"]) if found[name] is not None}
    with parts.store.read() as session:
        indices = pages.log_indices(session, list(digests.values()))
    around = {"stdout": stdout, "stderr": stderr}
    logs = {name: log.part(parts, digest, indices.get(digest), around[name]) for name, digest in digests.items()}
    base = str(request.base_url).rstrip("/")
    return page(
        request,
        "run.html",
        run=found,
        logs=logs,
        live=live,
        steps=STEPS,
        around=around,
        base=base,
        sight=sight(caller),
        drawing=drawing(found),
    )


def in_order(outcome: dict[str, Any] | None) -> tuple[str, ...]:
    """Return the streams as a page shows them: of a run that failed by itself, first the one that says why."""
    return STREAMS[::-1] if outcome is not None and outcome["exit_code"] else STREAMS


def drawing(found: dict[str, Any]) -> Markup | None:
    """Return the curves of what a run used; None where it was too short to have any."""
    limits = found["limits"]
    curves = chart.curves(found["samples"] or (), limits["cpus"], limits["memory_bytes"])
    return None if curves is None else chart.drawn(curves, found["samples"][-1][0] / 1000)


@router.get("/runs/{run_id}/{stream}.txt")
def read_log(
    parts: PartsDep, caller: CallerDep, request: Request, run_id: PageId, stream: Literal["stdout", "stderr"]
) -> Response:
    """Answer with everything that a run wrote to a stream."""
    digest = data(parts, run_id, caller)[stream]
    if digest is None:
        raise not_found("log")
    headers = {**HEADERS, "ETag": f'"{digest}"', "Cache-Control": IMMUTABLE.replace("public", "private")}
    known = not_modified(request, headers)
    return known or Response(parts.blobs.read(digest), 200, headers, "text/plain; charset=utf-8")


def data(parts: Parts, run_id: str, caller: Caller) -> dict[str, Any]:
    """Return what the page shows of a run."""
    with parts.store.read() as session:
        found = pages.run(session, run_id, visible_to(caller))
        if found is None:
            raise not_found("run")
        seal = pages.seal(session, found["seal"])
        found["lacks"] = (
            waiting.lacked(session, found["verification_id"], parts.settings.presence_seconds)
            if found["state"] == "queued"
            else None
        )
    found["limits"] = seal["claim"]["limits"]
    found["environment_name"] = seal["environment"]["name"]
    found["usage"] = usage(found["outcome"], found["limits"])
    found["seconds"] = None if found["started_at"] is None else _since(found["started_at"], found["ended_at"])
    return found


def _since(begun: datetime, ended: datetime | None) -> float:
    at, end = (item if item.tzinfo else item.replace(tzinfo=UTC) for item in (begun, ended or datetime.now(UTC)))
    return round(max(0.0, (end - at).total_seconds()), 1)


def usage(outcome: dict[str, Any] | None, limits: dict[str, Any]) -> list[dict[str, Any]]:
    """Return what a run used of each limit, as shares that a picture can show."""
    if outcome is None or words.unrun(outcome):
        return []
    rows = (
        ("elapsed time", outcome["wall_ms"], limits["wall_ms"], "ms"),
        ("processor time", outcome["cpu_ms"], limits["cpu_ms"], "ms"),
        ("memory at its peak", outcome["peak_memory_bytes"], limits["memory_bytes"], "bytes"),
    )
    return [
        {"name": name, "used": used, "limit": limit, "unit": unit, "share": round(used / limit, 4) if limit else 0}
        for name, used, limit, unit in rows
    ]
