"""From finished runs to what may be said about a claim.

The order of judgement is fixed; the first that applies decides:

    1 our own fault (raises, never a verdict)   6 non-zero exit or signal      11 comparison and its controls
    2 cancelled                                 7 malformed or absent result
    3 output limit                              8 non-finite value
    4 memory                                    9 unit suspicion
    5 timeout                                  10 nondeterminism

VERIFIED needs at least one expectation, every one matched, and no control that failed or, being required, stayed
undecided. FALSIFIED needs a clean and finite measurement in agreed units, a repetition that agrees, a contradiction
beyond tolerance and beyond the printed rounding, no limit met that may have spoiled the number, a reproduction that is
not worthless, and the same contradiction again in a confirming run. Everything else is UNVERIFIED with its reason, and
is no evidence against the claim.

A proof has an order of its own, see `proof_judge`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.core import wording
from app.core.codes import CONTRADICTIONS, MATCHES, SEVERITY
from app.core.controls import run_controls
from app.core.controls_counterexample import mixing
from app.core.controls_replication import confirm
from app.core.errors import Fault
from app.core.looks import look_of, sound, wanted_measures
from app.core.model import ControlResult, Formula, Judgement, OutcomeKind, Proof, Purpose, Status
from app.core.proof_judge import judge_proof
from app.core.readings import Reading, Readings
from app.core.reasons import BLAME, FAILED_CONTROL, MARRING, PRECEDENCE, REQUIRED, marred, worst_failure
from app.core.seal import check_versions
from app.core.specs import CONFIRM_SAME, all_specs, confirmation, fresh_confirmations, measures

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from app.core.model import Comparison, Control, Run, RunSpec, Seal


def judge(seal: Seal, runs: Sequence[Run], sources: Mapping[str, bytes] | None = None) -> Judgement:
    """Return the judgement that follows from a seal and all of its finished runs, whatever their order.

    Args:
        seal: what was sealed.
        runs: all of them.
        sources: path in the bundle -> sealed bytes, for the file of every `[[source]]`; see `grounding.sealed_sources`.

    Raises:
        Fault: a run ended by a fault of ours, a measure run is missing, a run is there twice or not one of the seal's,
            a source is not handed over, or other rules than ours are to judge the seal; nothing may be said about the
            claim.

    """
    check_versions(seal)
    if isinstance(seal.claim.reproduce, Proof):
        return judge_proof(seal, runs, sources or {})
    readings = Readings.of(seal, runs, sources)
    _refuse_faults(readings)
    _refuse_strangers(readings, runs)
    failed = worst_failure(readings.measures, seal.claim.limits)
    if failed is not None:
        code, what = failed
        return _inconclusive(readings, code, what, (), ())
    details = readings.details(readings.measures)
    judgement = _judge(readings, tuple(item[0] for item in details))
    return judgement.model_copy(update={"comparisons": tuple(row for item in details for row in item)})


def _judge(readings: Readings, comparisons: tuple[Comparison, ...]) -> Judgement:
    """Judge by one comparison for each expectation; the cells of a table speak through the table's."""
    controls = run_controls(readings, comparisons)
    for code in ("NON_FINITE", "UNIT_SUSPECT"):
        hit = next((item for item in comparisons if item.code == code), None)
        if hit is not None:
            return _inconclusive(readings, code, wording.comparison_problem(hit), comparisons, controls)
    repeated = controls[0]
    if repeated.result is ControlResult.FAIL:
        return _inconclusive(readings, "NONDETERMINISTIC", wording.finding(repeated), comparisons, controls)
    if any(item.code in CONTRADICTIONS for item in comparisons):
        return _contradicted(readings, comparisons, controls)
    hit = next((item for item in comparisons if item.code not in MATCHES), None)
    if hit is not None:
        return _inconclusive(readings, hit.code, wording.comparison_problem(hit), comparisons, controls)
    return _matched(readings, comparisons, controls)


def confirmations(readings: Readings) -> tuple[RunSpec, ...]:
    """Return the runs that have to contradict the claim again before it is FALSIFIED; none if it would not be."""
    if marred(readings.measures) is not None:
        return ()
    comparisons = readings.comparisons(readings.measures)
    codes = {item.code for item in comparisons}
    if not codes & CONTRADICTIONS or codes & {"NON_FINITE", "UNIT_SUSPECT"} or not sound(readings):
        return ()
    by_values, by_spread = readings.contradicted(comparisons)
    if by_values | by_spread <= mixing(readings, comparisons).keys():
        return ()
    again = (confirmation(readings.seal),) if by_values else ()
    return again + (fresh_confirmations(readings.seal, look_of(readings)) if by_spread else ())


_HARMLESS = frozenset({ControlResult.PASS, ControlResult.WARN})


def _matched(readings: Readings, comparisons: tuple[Comparison, ...], controls: tuple[Control, ...]) -> Judgement:
    blocking = _blocking(controls)
    if blocking is not None:
        code = _code_of(blocking)
        reason = wording.blocked_match(comparisons, blocking)
        return _judgement(readings, Status.UNVERIFIED, code, reason, comparisons, controls)
    code = max((item.code for item in comparisons), key=SEVERITY.index)
    limited = marred(readings.measures)
    met = wording.met(limited, readings.seal.claim.limits) if limited is not None else None
    reason = wording.match(readings.seal.claim.reproduce.kind, comparisons, met)
    return _judgement(readings, Status.VERIFIED, code, reason, comparisons, controls)


def _contradicted(readings: Readings, comparisons: tuple[Comparison, ...], controls: tuple[Control, ...]) -> Judgement:
    spoiled = marred((*readings.measures, *readings.of_purpose(Purpose.CONFIRM)))
    if spoiled is not None:
        code = MARRING[spoiled.outcome.limit or ""]
        what = wording.marred(spoiled, readings.seal.claim.limits)
        return _inconclusive(readings, code, what, comparisons, controls)
    blocking = _blocking(controls)
    if blocking is not None:
        code = _code_of(blocking)
        return _inconclusive(readings, code, wording.finding(blocking), comparisons, controls)
    if {item.metric for item in comparisons if item.code in CONTRADICTIONS} <= mixing(readings, comparisons).keys():
        flipped = next(item for item in controls if item.name == "rounding_flip")
        return _inconclusive(readings, "COARSE_CLAIM", wording.finding(flipped), comparisons, controls)
    confirmed = confirm(readings, comparisons)
    if confirmed.result is ControlResult.FAIL:
        return _inconclusive(readings, "NONDETERMINISTIC", wording.finding(confirmed), comparisons, controls)
    if confirmed.result is not ControlResult.PASS:
        return _inconclusive(readings, "CONTROL_UNDECIDED", wording.finding(confirmed), comparisons, controls)
    worst = min(
        (item for item in comparisons if item.code in CONTRADICTIONS), key=lambda item: SEVERITY.index(item.code)
    )
    reason = wording.contradiction(readings.seal.claim.reproduce.kind, worst, comparisons)
    return _judgement(readings, Status.FALSIFIED, worst.code, reason, comparisons, controls)


def _blocking(controls: tuple[Control, ...]) -> Control | None:
    """Return the control that keeps the reproduction from being evidence.

    `repeat` and `input_response` are required; every other counts when it failed. What failed comes before what could not
    be carried out, which says less. `confirm` has its own place.
    """
    required = [item for item in controls if item.name in REQUIRED and item.result not in _HARMLESS]
    failed = [item for item in controls if item.name != "confirm" and item.result is ControlResult.FAIL]
    first = [item for item in required if item in failed]
    return next(iter([*first, *failed, *required]), None)


def _code_of(blocking: Control) -> str:
    if blocking.result is not ControlResult.FAIL:
        return "CONTROL_UNDECIDED"
    return FAILED_CONTROL.get(blocking.name, "TAUTOLOGICAL")


def _refuse_strangers(readings: Readings, runs: Sequence[Run]) -> None:
    """Let no run decide that the seal does not call for: a chosen seed, variant or second try is no evidence."""
    wanted = {spec.key: spec for spec in all_specs(readings.seal, readings)}
    for run in runs:
        spec = wanted.pop(run.spec.key, None)
        if spec is None or (spec != run.spec and not _of_no_value(readings, spec, run.spec)):
            raise Fault("run-not-planned", f"the run {run.spec.key} is not one that the seal calls for, or there twice")


def _of_no_value(readings: Readings, spec: RunSpec, other: RunSpec) -> bool:
    """Whether two runs differ in nothing but what they look for, and there is no measurement of which it could be.

    No verdict rests on them then.
    """
    if spec.derivation is None or other.derivation is None or readings.by_key["measure-0"].measurement is not None:
        return False
    same = spec.derivation.model_copy(update={"values": other.derivation.values})
    return spec.model_copy(update={"derivation": same}) == other


def _refuse_faults(readings: Readings) -> None:
    have = {item.run.spec.key for item in readings.measures}
    first = {spec.key for spec in measures(readings.seal)}
    if not first <= have:
        raise Fault("runs-missing", "a verdict needs a measure run for every seed of the first look")
    wanted = {spec.key for spec in wanted_measures(readings)}
    if have != wanted and worst_failure(readings.measures, readings.seal.claim.limits) is None:
        detail = f"the seeds of {len(wanted)} measure runs decide, and {len(have)} were measured"
        raise Fault("runs-missing" if have < wanted else "run-not-planned", detail)
    confirming = {item.run.spec.key for item in readings.of_purpose(Purpose.CONFIRM)} - {CONFIRM_SAME}
    if confirming and not confirming <= {spec.key for spec in fresh_confirmations(readings.seal, look_of(readings))}:
        raise Fault("run-not-planned", "more confirming runs are there than the measure runs call for")
    for reading in readings.by_key.values():
        if reading.run.outcome.kind is OutcomeKind.FAULT:
            raise Fault("run-faulted", f"the run {reading.run.spec.key} ended by a fault of the service")
        if isinstance(readings.seal.claim.reproduce, Formula) and _failed_by_itself(reading):
            # Intake has evaluated the formula: in the box only our own program, or a limit, can fail.
            detail = f"the formula evaluator failed in the run {reading.run.spec.key}"
            raise Fault("evaluator-failed", detail, "submit the claim again")


def _failed_by_itself(reading: Reading) -> bool:
    """Whether a run ended, by no limit and no cancellation, without a measurement."""
    outcome = reading.run.outcome
    ended = outcome.kind in {OutcomeKind.EXITED, OutcomeKind.SIGNAL}
    return ended and (outcome.limit is None or outcome.exit_code == 0) and reading.measurement is None


def _inconclusive(
    readings: Readings,
    code: str,
    what: str,
    comparisons: tuple[Comparison, ...],
    controls: tuple[Control, ...],
) -> Judgement:
    reason = wording.inconclusive(what)
    return _judgement(readings, Status.UNVERIFIED, code, reason, comparisons, controls)


def _judgement(  # noqa: PLR0913 - the parts of a judgement
    readings: Readings,
    status: Status,
    code: str,
    reason: str,
    comparisons: tuple[Comparison, ...],
    controls: tuple[Control, ...],
) -> Judgement:
    deciding = min(readings.measures, key=lambda item: PRECEDENCE.index(item.run.outcome.kind))
    return Judgement(
        status=status,
        outcome=deciding.run.outcome.kind,
        reason_code=code,
        blame=BLAME.get(code),
        reason=reason,
        comparisons=comparisons,
        controls=controls,
    )
