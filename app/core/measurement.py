"""Reading what a run reported. The text comes from a stranger: strict JSON, small, shallow, and numbers only.

Numbers keep the digits in which they were written (`Decimal` of the literal). NaN and infinities are recognised, because
a diverged training deserves the code NON_FINITE and not a complaint about JSON. Duplicate keys are refused: two answers
are no answer.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from app.core.model import Formula, Rule

if TYPE_CHECKING:
    from collections.abc import Mapping

    from app.core.model import Claim

RESULT_BYTES_MAX = 1 << 20
METRICS_MAX = 10_000
DEPTH_MAX = 8
NUMBER_CHARACTERS_MAX = 400
EXPONENT_MAX = 5_000


@dataclass(frozen=True)
class Measured:
    """One metric as a run reported it."""

    value: Decimal | None  # None when it is text
    text: str  # as reported
    unit: str | None = None
    low: Decimal | None = None  # interval of a formula
    high: Decimal | None = None

    @property
    def finite(self) -> bool:
        """Whether the value is text or a finite number."""
        return self.value is None or self.value.is_finite()


@dataclass(frozen=True)
class Measurement:
    """The metrics of one run. Further variants belong to a formula's perturb run."""

    metrics: Mapping[str, Measured]
    variants: Mapping[str, Mapping[str, Measured]] = field(default_factory=dict)


@dataclass(frozen=True)
class Unreadable:
    """Why a result gives no measurement: a reason code and a sentence."""

    code: str
    detail: str


def read_result(text: str | None, claim: Claim) -> Measurement | Unreadable:
    """Return the measurement in a result file's text, or why there is none.

    Args:
        text: the bytes of `$ASSAY_RESULT` as UTF-8 (undecodable bytes as surrogates); None when the file is absent.
        claim: says which metrics matter and which may be text.

    """
    if text is None:
        return Unreadable("NO_METRIC", "the run ended without writing $ASSAY_RESULT")
    try:
        text.encode("utf-8")
        document = json.loads(
            text,
            parse_float=_number,
            parse_int=_number,
            parse_constant=Decimal,
            object_pairs_hook=_unique,
        )
    except UnicodeEncodeError:
        return Unreadable("MALFORMED_RESULT", "the result is not UTF-8")
    except RecursionError:
        return Unreadable("MALFORMED_RESULT", f"the result nests deeper than {DEPTH_MAX} levels")
    except ValueError as error:
        return Unreadable("MALFORMED_RESULT", f"the result is not the JSON object it should be: {error}")
    if not isinstance(document, dict):
        return Unreadable("MALFORMED_RESULT", "the result must be one JSON object of metrics")
    if isinstance(claim.reproduce, Formula):
        return _read_formula(document)
    return _read_script(document, claim)


def _read_script(document: dict[str, Any], claim: Claim) -> Measurement | Unreadable:
    if len(document) > METRICS_MAX:
        return Unreadable("MALFORMED_RESULT", f"the result has more than {METRICS_MAX} metrics")
    as_text = {item.metric for item in claim.expect if item.rule is Rule.EXACT}
    metrics: dict[str, Measured] = {}
    for name in (item.metric for item in claim.expect):
        if name not in document:
            continue
        found = _read_metric(document[name], text_allowed=name in as_text)
        if isinstance(found, str):
            return Unreadable("MALFORMED_RESULT", f"the metric {name!r} {found}")
        metrics[name] = found
    missing = [item.metric for item in claim.expect if item.metric not in metrics]
    if missing:
        return Unreadable("NO_METRIC", f"the result has no metric {missing[0]!r}")
    return Measurement(metrics)


def _read_metric(item: Any, *, text_allowed: bool) -> Measured | str:
    """Return the metric, or the end of a sentence that says what is wrong with it."""
    unit = None
    if isinstance(item, dict):
        if not set(item) <= {"value", "unit"} or "value" not in item:
            return 'must be a number or {"value": number, "unit": text}'
        item, unit = item["value"], item.get("unit")
        if unit is not None and (not isinstance(unit, str) or len(unit) > 32):
            return "has a unit that is no short text"
    if isinstance(item, Decimal):
        return Measured(item, str(item), unit)
    if isinstance(item, str) and text_allowed and len(item) <= 4_000:
        return Measured(None, item, unit)
    return "is not a number"


def _read_formula(document: dict[str, Any]) -> Measurement | Unreadable:
    """Read the evaluator's own output: the base variant and, for a perturb run, the shifted ones."""
    found: dict[str, dict[str, Measured]] = {}
    try:
        for variant in document["variants"]:
            metrics = {}
            for name, item in variant["metrics"].items():
                if "error" in item:
                    if variant["name"] == "base":
                        return Unreadable("MALFORMED_RESULT", f"the formula cannot be evaluated: {item['error']}")
                    continue  # a shifted value that leaves the domain moves nothing and proves nothing
                ends = [Decimal(item[key]) if key in item else None for key in ("low", "high")]
                metrics[name] = Measured(Decimal(item["value"]), item["value"], None, *ends)
            found[variant["name"]] = metrics
        base = found.pop("base")
    except (KeyError, TypeError, AttributeError, InvalidOperation) as error:
        return Unreadable("MALFORMED_RESULT", f"the evaluator's result cannot be read: {error!r}")
    return Measurement(base, found)


def _number(literal: str) -> Decimal:
    if len(literal) > NUMBER_CHARACTERS_MAX:
        raise ValueError(f"a number has more than {NUMBER_CHARACTERS_MAX} characters")
    value = Decimal(literal)
    if value and abs(value.adjusted()) > EXPONENT_MAX:
        raise ValueError(f"a number's exponent is beyond ±{EXPONENT_MAX}")
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    document: dict[str, Any] = {}
    for name, value in pairs:
        if name in document:
            raise ValueError(f"the key {name[:80]!r} appears twice")
        document[name] = value
    return document
