"""What a commit is told about a claim: a status, and for a check run a remark at the claim's line and a summary.

pending   on its way         success   VERIFIED        failure   FALSIFIED
error     UNVERIFIED, a fault of ours, a cancellation, or a claim that was not taken in: it says nothing about the claim
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from app.core import toml_lines
from app.core.check_runs import Remark
from app.core.complaint import quoted
from app.core.errors import Problem, after_stop, sentence
from app.core.forges import Note
from app.core.hook_paths import CLAIM_FILE
from app.core.markdown import block, escaped, one_line
from app.core.members import members

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from app.core.model import Claim

_STATES = {"VERIFIED": "success", "FALSIFIED": "failure", "UNVERIFIED": "error"}
_ON_THE_WAY = {
    "queued": "Sealed; waits for a worker",
    "running": "Runs in a sealed sandbox",
    "concluding": "Measured; waits for a judge",
}
NOT_OURS_TO_BLAME = "This says nothing about the claim."
CONTEXT_MAX = 200  # characters; forges take 255
ANYWHERE = ""  # in the lines of a claim: where it is said that nothing can be said


@dataclass(frozen=True)
class Found:
    """What is known of a verification: its state, and its verdict once there is one."""

    id: str
    state: str
    statement: str
    detail: str | None  # why it faulted
    verdict: Mapping[str, Any] | None
    complaint: tuple[str, Sequence[str]] | None = None  # a run's key and its last words, where nothing was measured


@dataclass(frozen=True)
class Said:
    """Everything that a commit is told."""

    note: Note
    remark: Remark | None
    summary: str


def of_verification(context: str, folder: str, lines: Mapping[str, int], found: Found, base: str) -> Said:
    """Return what a commit is told about a claim that was taken in.

    Args:
        context: the name of the status.
        folder: of the bundle, in the repository.
        lines: of claim.toml, by metric.
        found: the verification.
        base: address of the service, without a slash at its end.

    """
    target = f"{base}/verifications/{found.id}"
    if found.verdict is None:
        state, text = _without_verdict(found)
        return Said(Note(context, state, text, target), _remark(folder, lines, ANYWHERE, text), escaped(text))
    status, reason = found.verdict["status"], found.verdict["reason"]
    text = f"{status}: {reason}"
    behind_bars = quoted(found.complaint)
    worst = next((item["metric"] for item in found.verdict["comparisons"] if item["match"] is not True), None)
    remark = _remark(folder, lines, worst or next(iter(lines), ANYWHERE), "\n".join([text, *behind_bars]))
    parts = [f"**{status}** (`{found.verdict['reason_code']}`)", f"> {escaped(found.statement)}", escaped(reason)]
    parts += [block(behind_bars)] if behind_bars else []
    words = found.complaint[1][-1] if found.complaint else ""
    summary = "\n\n".join([*parts, f"[Everything about it]({target})"])
    return Said(Note(context, _STATES[status], text, target, words), remark, summary)


def of_refusal(context: str, folder: str, lines: Mapping[str, int], refusal: str, base: str) -> Said:
    """Return what a commit is told about something that was not taken in; "" for what has been taken in since."""
    if not refusal:
        text = "What was refused before has been taken in"
        return Said(Note(context, "success", text, base + "/"), None, text)
    first = refusal.partition("\n")[0]
    target = f"{base}/problems/bundle-refused"
    summary = "\n\n".join(escaped(line) for line in refusal.splitlines())
    return Said(Note(context, "error", first, target), _remark(folder, lines, ANYWHERE, refusal), summary)


def contexts(context: str, folder: str) -> tuple[str, ...]:
    """Return the names that the status of a bundle may have, the first of which is taken that no other bundle has.

    Two bundles of a commit may give their claims one name, and a folder may be called like a claim: under one name the
    later would hide what was said of the earlier.
    """
    own = hashlib.sha256(f"{context}\0{folder}".encode("utf-8", "surrogatepass")).hexdigest()[:12]
    names = (one_line(item) for item in (context, f"{context} in {folder or 'the top folder'}", f"{context} in {own}"))
    return tuple(name if len(name) <= CONTEXT_MAX else f"{name[: CONTEXT_MAX - len(own) - 2]}… {own}" for name in names)


def placed(problems: Sequence[Problem], folder: str) -> tuple[str, dict[str, int]]:
    """Return what is wrong with a bundle, each with the file's path in the repository; and the line of the first."""
    at = f"{folder}/" if folder else ""
    told = "\n".join(f"{at}{problem}" if problem.file else str(problem) for problem in problems)
    line = next((item.line for item in problems if item.line is not None and item.file == CLAIM_FILE), 1)
    return told, {ANYWHERE: line}


def claim_lines(claim: Claim, text: bytes) -> dict[str, int]:
    """Return on which line of its claim.toml the printed value of each metric stands; of a JSON claim, none."""
    if text[:1] == b"{":
        return {}
    known = toml_lines.lines(text.decode("utf-8-sig"))
    found: dict[str, int] = {}
    for place, item in enumerate(claim.expect):
        at = ("expect", place)
        found[item.metric] = toml_lines.line_of(known, (*at, "value"))
        for member in members(item):
            found.setdefault(member.metric, toml_lines.line_of(known, (*at, "cells", member.metric)))
    return found


def _without_verdict(found: Found) -> tuple[str, str]:
    if found.state in _ON_THE_WAY:
        return "pending", _ON_THE_WAY[found.state]
    if found.state == "cancelled":
        return "error", f"Cancelled. {NOT_OURS_TO_BLAME}"
    why = f" {sentence(after_stop(found.detail))}" if found.detail else ""
    return "error", f"The service failed. {NOT_OURS_TO_BLAME}{why}"


def _remark(folder: str, lines: Mapping[str, int], metric: str, text: str) -> Remark | None:
    path = f"{folder}/{CLAIM_FILE}" if folder else CLAIM_FILE
    line = lines.get(metric, next(iter(lines.values()), None))
    return None if line is None else Remark(path, line, text)
