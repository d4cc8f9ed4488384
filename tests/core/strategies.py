"""What laws are tried on: printed numbers, expectations with values near their edges, and random formulas."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from app.core.formula import Ratio
from app.core.measurement import Measured
from app.core.model import Expectation
from tests.core.builders import an_expectation

#: Laws are tried often enough to be believed and seldom enough for one slow core; time is never their subject.
law = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])

NUMERIC_RULES = ("exact", "absolute", "relative", "either", "points", "bounded", "rounding")


@st.composite
def printed_numbers(draw: st.DrawFn, *, zero: bool = True, digits: int = 6) -> str:
    """Return a number as a paper prints it: sign, digits, places, at times an exponent."""
    whole = draw(st.integers(0, 10**digits))
    places = draw(st.integers(0, 5))
    text = f"{Decimal(whole).scaleb(-places):f}"
    if not zero and not Decimal(text):
        text = text.replace("0", "1", 1)
    sign = draw(st.sampled_from(["", "-", "+"]))
    exponent = draw(st.sampled_from(["", "", "e3", "e-7", "E+2"]))
    return f"{sign}{text}{exponent}"


def measured(value: str | Decimal | Fraction, unit: str | None = None, **ends: str) -> Measured:
    """Return a metric as a run reported it; `low`, `high`, `inner_low` and `inner_high` make it a formula's."""
    number = Decimal(str(value)) if not isinstance(value, Decimal) else value
    return Measured(number, str(number), unit, **{name: Decimal(text) for name, text in ends.items()})


@st.composite
def expectations(draw: st.DrawFn, rules: tuple[str, ...] = NUMERIC_RULES) -> Expectation:
    """Return an expectation of a number that intake would accept."""
    rule = draw(st.sampled_from(rules))
    value = draw(printed_numbers(zero=False))
    changes: dict[str, Any] = {}
    if rule in {"relative", "either"}:
        changes["tolerance"] = draw(st.sampled_from(["0", "0.1%", "1%", "5%", "0.05", "33.3%"]))
    if rule in {"absolute", "points"}:
        changes["tolerance"] = draw(st.sampled_from(["0", "0.001", "0.05", "2", "1e3"]))
    if rule == "either" and draw(st.booleans()):
        changes["absolute"] = draw(st.sampled_from(["0", "0.01", "5"]))
    if rule == "bounded":
        below, above = draw(st.sampled_from([("0", "0"), ("1", "2"), ("0.001", "0"), ("1e3", "1e3")]))
        changes["low"] = f"{Decimal(value) - Decimal(below)}"
        changes["high"] = f"{Decimal(value) + Decimal(above)}"
    return an_expectation(value, rule, unit="s", **changes)


def nearby(expectation: Expectation) -> st.SearchStrategy[Decimal]:
    """Return values around the print, its rounding and its tolerance, on both sides of every edge."""
    value = Decimal(expectation.value or expectation.low or "1")
    unit = Decimal(1).scaleb(int(value.as_tuple().exponent))
    steps = st.sampled_from(["0", "1e-9", "0.4999", "0.5", "0.5001", "1", "7", "1000"]).map(Decimal)
    shares = st.sampled_from(["0", "0.001", "0.01", "0.049999", "0.05", "0.050001", "0.333", "2"]).map(Decimal)
    sides = st.sampled_from([-1, 1])
    return st.builds(lambda step, share, side: value + side * (step * unit + share * value), steps, shares, sides)


def ratio(number: Fraction) -> Ratio:
    """Return an exact number as the evaluator has it."""
    return Ratio(number.numerator, number.denominator)


def exact(number: Ratio) -> Fraction:
    """Return an evaluator's number, which must be in lowest terms, as the laws have it."""
    found = Fraction(number.numerator, number.denominator)
    assert (found.numerator, found.denominator) == (number.numerator, number.denominator)
    return found


#: A random formula and its meaning: the text, and a function from the values of the names to the exact result.
Meaning = Callable[[dict[str, Fraction]], Fraction]

NAMES = ("a", "b", "c", "d")


def _binary(sign: str, one: tuple[str, Meaning], two: tuple[str, Meaning]) -> tuple[str, Meaning]:
    operations: dict[str, Callable[[Fraction, Fraction], Fraction]] = {
        "+": lambda x, y: x + y,
        "-": lambda x, y: x - y,
        "*": lambda x, y: x * y,
        "/": lambda x, y: x / y,
    }
    return f"({one[0]} {sign} {two[0]})", lambda env: operations[sign](one[1](env), two[1](env))


def _many(function: str, parts: list[tuple[str, Meaning]]) -> tuple[str, Meaning]:
    operations: dict[str, Callable[[list[Fraction]], Fraction]] = {
        "mean": lambda xs: sum(xs, Fraction(0)) / len(xs),
        "sum": lambda xs: sum(xs, Fraction(0)),
        "min": min,
        "max": max,
        "wmean": lambda xs: (
            sum((x * w for x, w in zip(xs[::2], xs[1::2], strict=True)), Fraction(0)) / sum(xs[1::2], Fraction(0))
        ),
    }
    text = ", ".join(text for text, _ in parts)
    return f"{function}({text})", lambda env: operations[function]([meaning(env) for _, meaning in parts])


def _wrapped(kind: str, part: tuple[str, Meaning]) -> tuple[str, Meaning]:
    text, meaning = part
    match kind:
        case "negate":
            return f"-{text}", lambda env: -meaning(env)
        case "abs":
            return f"abs({text})", lambda env: abs(meaning(env))
        case "square":
            return f"({text})**2", lambda env: meaning(env) ** 2
        case "inverse":
            return f"({text})**-1", lambda env: 1 / meaning(env)
        case _:
            return f"(+{text})", meaning


def _literals() -> st.SearchStrategy[tuple[str, Meaning]]:
    texts = st.sampled_from(["2", "0.5", "10", "1e2", ".25", "3."])
    return texts.map(lambda text: (text, lambda _: Fraction(Decimal(text))))


def _named(name: str) -> tuple[str, Meaning]:
    return name, lambda env: env[name]


def formulas(*, leaves: int = 6) -> st.SearchStrategy[tuple[str, Meaning]]:
    """Return random formulas over NAMES, in which names may repeat, with their meaning as exact arithmetic."""

    def grow(parts: st.SearchStrategy[tuple[str, Meaning]]) -> st.SearchStrategy[tuple[str, Meaning]]:
        several = st.lists(parts, min_size=1, max_size=3)
        return st.one_of(
            st.builds(_binary, st.sampled_from("+-*/"), parts, parts),
            st.builds(_many, st.sampled_from(["mean", "sum", "min", "max"]), several),
            st.builds(lambda xs: _many("wmean", xs), st.lists(parts, min_size=2, max_size=2)),
            st.builds(_wrapped, st.sampled_from(["negate", "abs", "square", "inverse", "plus"]), parts),
        )

    atoms = st.one_of(st.sampled_from(NAMES).map(_named), _literals())
    return st.recursive(atoms, grow, max_leaves=leaves)


def single_use_formulas() -> st.SearchStrategy[tuple[str, Meaning]]:
    """Return formulas in which every name occurs once and which are monotone in each: their extremes are at corners."""
    names = st.permutations([_named(name) for name in NAMES])
    signs = st.lists(st.sampled_from(["+", "-", "*", "/", "min", "max", "mean"]), min_size=3, max_size=3)

    def build(parts: list[tuple[str, Meaning]], picked: list[str], pair_first: bool) -> tuple[str, Meaning]:  # noqa: FBT001
        def join(sign: str, one: tuple[str, Meaning], two: tuple[str, Meaning]) -> tuple[str, Meaning]:
            return _many(sign, [one, two]) if sign.isalpha() else _binary(sign, one, two)

        one = join(picked[0], parts[0], parts[1])
        if pair_first:
            return join(picked[1], one, join(picked[2], parts[2], parts[3]))
        return join(picked[2], join(picked[1], one, parts[2]), parts[3])

    return st.builds(build, names, signs, st.booleans())


def linear_ratios() -> st.SearchStrategy[tuple[str, Meaning]]:
    """Return ratios of two weighted sums of the same names: linear above and below the line, every name repeated."""

    def build(above: list[int], below: list[int], shape: str) -> tuple[str, Meaning]:
        def weighted(weights: list[int]) -> str:
            return " + ".join(f"{weight}*{name}" for weight, name in zip(weights, NAMES, strict=True))

        def sum_of(weights: list[int], env: dict[str, Fraction]) -> Fraction:
            return sum((weight * env[name] for weight, name in zip(weights, NAMES, strict=True)), Fraction(0))

        def meaning(env: dict[str, Fraction]) -> Fraction:
            return sum_of(above, env) / sum_of(below, env)

        text = f"({weighted(above)})/({weighted(below)})"
        match shape:
            case "inverse":
                text = f"({weighted(above)})*({weighted(below)})**-1"
            case "negated":
                text = f"-(-({weighted(above)}))/sum({weighted(below)})"
            case "function":
                text = f"mean(2*({weighted(above)}), 0)/({weighted(below)})*abs(1)"
        return text, meaning

    weights = st.lists(st.integers(1, 9), min_size=len(NAMES), max_size=len(NAMES))
    return st.builds(build, weights, weights, st.sampled_from(["plain", "inverse", "negated", "function"]))
