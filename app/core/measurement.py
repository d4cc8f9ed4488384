"""Reading what a run reported. The text comes from a stranger: strict JSON, and of it only the metrics that are expected.

Numbers keep the digits in which they were written (`Decimal` of the literal). NaN and infinities are recognised, because
a diverged training deserves the code NON_FINITE and not a complaint about JSON. Duplicate keys are refused: two answers
are no answer. A metric whose print is a number must be a number, one whose print is a label must be text: otherwise
there is nothing to compare, and nothing that could contradict.
"""

from __future__ import annotations

import json
import re
import unicodedata
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from app.core.bands import expects_text
from app.core.members import by_metric
from app.core.model import Formula, Rule
from app.core.quantity import number_in

if TYPE_CHECKING:
    from collections.abc import Mapping

    from app.core.model import Claim, Expectation

METRICS_MAX = 10_000
TEXT_MAX = 4_000
SHOWN_MAX = 40  # characters of what is no result
UNIT_MAX = 32
NUMBER_CHARACTERS_MAX = 400
SCALE_MAX = 500  # a number is 0, or between 10^-500 and 10^500
DEPTH_MAX = 64  # of lists and objects; the interpreter's own limit depends on who calls, and a result must not

_BRACKETS = re.compile(r'"(?:[^"\\]|\\.)*"?|([\[{])|([\]}])', re.DOTALL)


@dataclass(frozen=True)
class Measured:
    """One metric as a run reported it."""

    value: Decimal | None  # None when it is text
    text: str  # as reported
    unit: str | None = None
    low: Decimal | None = None  # of a formula: encloses every value that its printed inputs allow
    high: Decimal | None = None
    inner_low: Decimal | None = None  # of a formula: between these lie values that it really takes
    inner_high: Decimal | None = None

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
    deep = depth(text)
    if deep > DEPTH_MAX:
        return Unreadable("MALFORMED_RESULT", f"the result nests {deep} deep, and {DEPTH_MAX} are allowed")
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
    except json.JSONDecodeError:  # whose words depend on the version of Python, and a verdict must not
        begins = f"it begins with {text[:SHOWN_MAX]!a}" if text.strip() else "it is empty"
        return Unreadable("MALFORMED_RESULT", f"the result is not the JSON object it should be: {begins}")
    except ValueError as error:
        return Unreadable("MALFORMED_RESULT", f"the result is not the JSON object it should be: {error}")
    if not isinstance(document, dict):
        return Unreadable("MALFORMED_RESULT", "the result must be one JSON object of metrics")
    if isinstance(claim.reproduce, Formula):
        return _read_formula(document, claim)
    return _read_script(document, claim)


def depth(text: str) -> int:
    """Return how deep lists and objects nest in a JSON text, of one that is none how deep its brackets do."""
    deepest = level = 0
    for match in _BRACKETS.finditer(text):
        if match[1]:
            level += 1
            deepest = max(deepest, level)
        elif match[2]:
            level -= 1
    return deepest


def _read_script(document: dict[str, Any], claim: Claim) -> Measurement | Unreadable:
    if len(document) > METRICS_MAX:
        return Unreadable("MALFORMED_RESULT", f"the result has more than {METRICS_MAX} metrics")
    metrics: dict[str, Measured] = {}
    for name, expectation in by_metric(claim).items():
        if name not in document:
            return Unreadable("NO_METRIC", f"the result has no metric {name!r}")
        found = _read_metric(document[name], expectation)
        if isinstance(found, str):
            return Unreadable("MALFORMED_RESULT", f"the metric {name!r} {found}")
        metrics[name] = found
    return Measurement(metrics)


def _read_metric(item: Any, expectation: Expectation) -> Measured | str:
    """Return the metric, or the end of a sentence that says what is wrong with it."""
    unit = None
    if isinstance(item, dict):
        if not set(item) <= {"value", "unit"} or "value" not in item:
            return 'must be a number or {"value": number, "unit": text}'
        item, unit = item["value"], item.get("unit")
        if unit is not None and not _is_text(unit, UNIT_MAX):
            return "has a unit that is no short text"
    if expects_text(expectation):
        return Measured(None, item, unit) if _is_text(item, TEXT_MAX) else "is not a text, and its print is one"
    if expectation.rule is Rule.EXACT and isinstance(item, str):
        item = _spelled(item)
    return Measured(item, str(item), unit) if isinstance(item, Decimal) else "is not a number"


def _is_text(item: Any, longest: int) -> bool:
    """Whether something is text that can be stored and shown: no control characters but white space, no surrogates."""
    return (
        isinstance(item, str)
        and len(item) <= longest
        and all(sign in "\t\n\r" or unicodedata.category(sign) not in {"Cc", "Cs"} for sign in item)
    )


def _spelled(text: str) -> Decimal | None:
    """Return the number that a metric gives as text, as some programs do with counts."""
    try:
        return number_in(text)
    except ValueError:
        return None


def _read_formula(document: dict[str, Any], claim: Claim) -> Measurement | Unreadable:
    """Read the evaluator's own output: the base variant and, for a perturb run, the shifted ones."""
    found: dict[str, dict[str, Measured]] = {}
    try:
        for variant in document["variants"]:
            metrics = {}
            for name, item in variant["metrics"].items():
                if "error" in item:
                    if variant["name"] == "base":
                        return Unreadable("MALFORMED_RESULT", f"the formula cannot be evaluated: {item['error']}")
                    metrics[name] = Measured(Decimal("NaN"), "undefined")  # a shifted value left the domain
                    continue
                numbers = {key: _number(text) for key, text in item.items()}
                metrics[name] = Measured(numbers.pop("value"), item["value"], None, **numbers)
            found[variant["name"]] = metrics
        base = found.pop("base")
        return Measurement({name: base[name] for name in by_metric(claim)}, found)
    except (KeyError, TypeError, AttributeError, ValueError, InvalidOperation) as error:
        told = str(error) if isinstance(error, ValueError) else type(error).__name__  # the others' words are Python's
        return Unreadable("MALFORMED_RESULT", f"the evaluator's result cannot be read: {told}")


def _number(literal: str) -> Decimal:
    if len(literal) > NUMBER_CHARACTERS_MAX:
        raise ValueError(f"a number has more than {NUMBER_CHARACTERS_MAX} characters")
    digits, _, exponent = literal.lower().partition("e")
    beyond = len(exponent.lstrip("+-0")) > 3  # looked at first: Decimal itself fails on exponents of many digits
    value = Decimal(digits if beyond else literal)
    if not value:
        return Decimal(0) if beyond else value
    if beyond or abs(value.adjusted()) > SCALE_MAX:
        raise ValueError(f"a number is beyond 10^±{SCALE_MAX}")
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    document: dict[str, Any] = {}
    for name, value in pairs:
        if name in document:
            raise ValueError(f"the key {name[:80]!a} appears twice")
        document[name] = value
    return document
