"""The sentences that people read. A match keeps the wording that earlier public records used."""

from __future__ import annotations

import signal
from decimal import Decimal
from typing import TYPE_CHECKING

from app.core.caps import CAPS
from app.core.codes import SEVERITY
from app.core.model import OutcomeKind, Rule
from app.core.phrases import brief, computed, expected, how, missed, undecided

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.core.model import Comparison, Control, Limits, Run


def match(kind: str, comparisons: Sequence[Comparison], met_limit: str | None = None) -> str:
    """Return the reason of a VERIFIED claim; with several metrics the one that matched least closely is shown."""
    item = _least_close(comparisons)
    sentence = f"{computed(item, named=len(comparisons) > 1)} matches expected {expected(item)} ({how(item)})"
    more = f"; all {len(comparisons)} metrics match" if len(comparisons) > 1 else ""
    also = f"; a run {met_limit}" if met_limit else ""
    return f"Sealed-sandbox {kind} repro: {sentence}{more}{also}."


def contradiction(kind: str, item: Comparison, comparisons: Sequence[Comparison]) -> str:
    """Return the reason of a FALSIFIED claim; `item` is the comparison that decided."""
    sentence = f"{computed(item, named=len(comparisons) > 1)} contradicts expected {expected(item)} ({missed(item)})"
    spread = item.p is not None and len(set(item.values)) > 1
    again = f"as many other seeds; p = {item.p}" if spread else "a second run"
    return f"Sealed-sandbox {kind} repro: {sentence}; confirmed by {again}."


def blocked_match(comparisons: Sequence[Comparison], control: Control) -> str:
    """Return the reason of a claim whose match is worth nothing, or not enough."""
    item = _least_close(comparisons)
    sentence = f"{computed(item, named=len(comparisons) > 1)} matches expected {expected(item)}"
    found = f"but the control {control.name} shows: {control.detail}"
    return f"{sentence}, {found} This is not evidence against the claim."


def inconclusive(what: str) -> str:
    """Return the reason of a claim that could not be decided."""
    return f"Could not decide: {what.rstrip('.')}. This is not evidence against the claim."


def finding(control: Control) -> str:
    """Return what a control found, inside another sentence."""
    return f"the control {control.name} shows: {control.detail}"


def comparison_problem(item: Comparison) -> str:
    """Return why a comparison decides nothing."""
    wanted = item.expected if item.expected is not None else "its bounds"
    match item.code:
        case "NON_FINITE":
            return f"{item.metric} is {item.computed}, which is not a finite number"
        case _ if item.rule in {Rule.RANKING, Rule.TABLE}:
            return undecided(item)
        case "UNIT_SUSPECT":
            found = f"{item.metric} is {brief(item.computed)}, expected {wanted} {item.unit or ''}".rstrip()
            return f"{found}: the units seem to differ ({_unit_remedy(item)})"
        case "COARSE_CLAIM":
            span = ""
            if item.computed_low is not None:
                span = f" (its inputs allow {brief(item.computed_low)} to {brief(item.computed_high)})"
            apart = "not equal to" if item.rule == Rule.EXACT else "outside the tolerance of"
            detail = f"{item.metric} is {brief(item.computed)}{span}, {apart} {wanted}"
            return f"{detail}, but by no more than printed digits and floating-point arithmetic leave open"
        case _:
            return undecided(item)


def _unit_remedy(item: Comparison) -> str:
    if item.computed_low is None:
        return "declare the same one in claim and result"
    found, wanted = abs(Decimal(item.computed or "0")), abs(Decimal(item.expected or "0"))
    if 50 * found < wanted < 200 * found:
        return "multiply by 100 in the formula, or state the value as a fraction"
    return "convert it in the formula, or state the value in the formula's unit"


def failure(run: Run, limits: Limits) -> str:
    """Return what ended a run, with the figure and the limit."""
    outcome = run.outcome
    allowed = _allowed(outcome.limit or str(outcome.clock or outcome.kind), limits)
    match outcome.kind:
        case OutcomeKind.TIMEOUT:
            used = outcome.cpu_ms if outcome.clock == "cpu" else outcome.wall_ms
            return f"the run passed its {outcome.clock} limit of {allowed}, at {used / 1000:.1f} s"
        case OutcomeKind.MEMORY if outcome.limit == "locks":
            return f"the run passed its limit on record locks, which are memory of the kernel{_notes(run)}"
        case OutcomeKind.MEMORY:
            used = outcome.peak_memory_bytes >> 20
            return f"the run needed more than its memory limit of {allowed}, and had {used} MiB"
        case OutcomeKind.OUTPUT:
            return f"the run passed its limit on {outcome.limit or 'output'} of {allowed}{_notes(run)}"
        case OutcomeKind.SIGNAL:
            name = signal.Signals(outcome.signal).name if outcome.signal in set(signal.Signals) else outcome.signal
            forbidden = " for a forbidden system call" if outcome.signal == signal.SIGSYS else ""
            return f"the run was ended by signal {name}{forbidden}{_notes(run)}"
        case OutcomeKind.CANCELLED:
            return "the run was cancelled"
        case _:
            return f"the run exited with code {outcome.exit_code}{_notes(run)}"


def met(run: Run, limits: Limits) -> str:
    """Return which limit a run met without being ended by it."""
    limit = run.outcome.limit or ""
    return f"met its limit on {limit} ({_allowed(limit, limits)})"


def marred(run: Run, limits: Limits) -> str:
    """Return why a run that exited with 0 contradicts nothing."""
    spoiled = f"{met(run, limits)}, which may have spoiled the number"
    return f"the run contradicts the claim, but {spoiled}{_notes(run)}"


def unreadable(detail: str, run: Run, limits: Limits) -> str:
    """Return what was wrong with the result of a run that met a limit on its way."""
    return f"{detail}; the run {met(run, limits)}{_notes(run)}"


def _notes(run: Run) -> str:
    return "".join(f"; {note}" for note in run.outcome.notes)


def _allowed(limit: str, limits: Limits) -> str:
    """Return what a limit allows, with its unit."""
    amounts = {
        "wall": f"{limits.wall_ms / 1000:g} s",
        "cpu": f"{limits.cpu_ms / 1000:g} s of processor time",
        "memory": f"{limits.memory_bytes >> 20} MiB",
        "scratch": f"{limits.scratch_bytes >> 20} MiB",
        "processes": str(limits.processes),
        **{name: f"{cap >> 20} MiB" for name, cap in CAPS.items()},
    }
    return amounts.get(limit, limit)


def _least_close(comparisons: Sequence[Comparison]) -> Comparison:
    return max(comparisons, key=lambda item: SEVERITY.index(item.code))
