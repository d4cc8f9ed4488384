"""`/runs/{id}`: what one process did, what it used of what it was allowed, and the end of what it said.

A log is text of a stranger. It is shown escaped, without control characters, the last LINES_MAX lines of it; the whole is
one address further, as plain text that no browser takes for anything else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from fastapi import APIRouter, Request, Response

from app.api.callers import CallerDep
from app.api.conditional import IMMUTABLE, not_modified
from app.api.parts import PartsDep
from app.api.problems import not_found
from app.core.caller import Caller
from app.core.lifecycle import RUN, final
from app.pages import words
from app.pages.parts import PageId
from app.pages.shell import HEADERS, page, twin
from app.store import pages
from app.store.visible import visible_to

if TYPE_CHECKING:
    from app.actions import Parts

router = APIRouter(include_in_schema=False)

LINES_MAX = 500
LINE_CHARACTERS_MAX = 500
STREAMS = ("stdout", "stderr")


@router.get("/runs/{run_id}.json")
def read_json(parts: PartsDep, caller: CallerDep, request: Request, run_id: PageId) -> Response:
    """Answer with the run for programs."""
    return twin(request, data(parts, run_id, caller))


@router.get("/runs/{run_id}")
def read(parts: PartsDep, caller: CallerDep, run_id: PageId) -> Response:
    """Answer with the run for people."""
    found = data(parts, run_id, caller)
    logs = {name: tail(parts.blobs.read(found[name])) for name in STREAMS if found[name] is not None}
    live = found["state"] not in final(RUN)
    return page("run.html", run=found, logs=logs, live=live, lines_max=LINES_MAX)


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
    found["limits"] = seal["claim"]["limits"]
    found["environment_name"] = seal["environment"]["name"]
    found["usage"] = usage(found["outcome"], found["limits"])
    return found


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


def tail(log: bytes) -> dict[str, Any]:
    """Return the last lines of a log with their numbers, and how many lines there are."""
    lines = log.decode("utf-8", "replace").split("\n")
    if lines and not lines[-1]:
        lines.pop()
    first = max(0, len(lines) - LINES_MAX)
    shown = [(first + index + 1, _plain(line)) for index, line in enumerate(lines[first:])]
    error = next((number for number, line in shown if "Error" in line or "Traceback" in line), None)
    return {"lines": shown, "total": len(lines), "first": first + 1, "first_error": error, "bytes": len(log)}


def _plain(line: str) -> str:
    line = line.rstrip("\r")
    cut = line if len(line) <= LINE_CHARACTERS_MAX else line[: LINE_CHARACTERS_MAX - 1] + "…"
    return "".join(sign if sign.isprintable() or sign == "\t" else "\N{REPLACEMENT CHARACTER}" for sign in cut)
