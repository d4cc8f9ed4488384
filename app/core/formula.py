"""The formula evaluator: exact, small, and one file that imports the standard library alone.

Theory of operation. The same file serves twice. The core imports it to check formulas at intake; inside the box it is
the program itself (`python -S formula.py JOB`), mounted read-only and named in the seal by its digest. It reads
formulas and printed values and writes, for every variant of the values that the job lists, each formula's value.
There is no `eval`: a tokenizer, a parser with a depth limit, and a walk over the tree.

Arithmetic is exact (`Fraction`). `sqrt`, `log` and `exp` are computed with 50 digits and widened outward by one unit in
the last place. A printed value such as 77.0 stands for the closed interval 77.0 ± 0.05, half a unit of its last printed
place; literals inside a formula are exact. The interval of a formula encloses every value it takes over the box that
its printed inputs span:

- Interval arithmetic is exact when every name occurs once, and a safe over-estimate otherwise.
- When names repeat and the formula is, in each repeated name, a ratio of two expressions at most linear in it, then it
  is monotone in that name (no denominator contains zero: checked by interval arithmetic first). A function monotone in
  each variable separately takes its extremes at corners, so evaluating the corners of the repeated names, and intervals
  for the others, is exact. Up to CORNER_NAMES_MAX repeated names; beyond, the over-estimate stands.

Rounding ties: Python's `round` is half-even, most tables are half-up; the interval covers both, the value is half-even.
"""

from __future__ import annotations

import itertools
import json
import os
import re
import sys
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction

TYPE_CHECKING = False  # as `typing` has it, without the milliseconds of its import
if TYPE_CHECKING:
    from typing import Any

    #: ("number", Fraction) ("name", str) ("negate", n) ("+", n, n) ("power", n, int) ("call", function, [n, …])
    Node = tuple[Any, ...]
    Interval = tuple[Fraction, Fraction]

LENGTH_MAX = 2_000  # characters of one formula
DEPTH_MAX = 40
EXPONENT_MAX = 64
DIGITS_MAX = 60  # of one number
EXP_ARGUMENT_MAX = 1_000
CORNER_NAMES_MAX = 10
SIGNIFICANT_DIGITS = 34  # of a value that does not terminate

NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,3})?")
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")
_TOKEN = re.compile(r"\s*(?:(\d+(?:\.\d*)?(?:[eE][+-]?\d{1,3})?|\.\d+)|([A-Za-z_]\w{0,63})|(\*\*|[-+*/(),]))", re.ASCII)

#: name -> (fewest, most arguments); None is no bound
FUNCTIONS: dict[str, tuple[int, int | None]] = {
    "mean": (1, None),
    "wmean": (2, None),
    "sum": (1, None),
    "min": (1, None),
    "max": (1, None),
    "abs": (1, 1),
    "round": (1, 2),
    "sqrt": (1, 1),
    "log": (1, 1),
    "exp": (1, 1),
}

_PRECISE = Context(prec=50)


class FormulaError(ValueError):
    """A formula or one of its values cannot be read or evaluated; the message says why."""


# --- reading ---------------------------------------------------------------------------------------------------------


def parse(text: str) -> Node:
    """Return the tree of a formula.

    Raises:
        FormulaError: it is too long or deep, or not a formula.

    """
    if len(text) > LENGTH_MAX:
        raise FormulaError(f"a formula may have {LENGTH_MAX} characters, this one has {len(text)}")
    reader = _Reader(text)
    tree = reader.sum(0)
    if reader.peek() is not None:
        raise FormulaError(f"unexpected {reader.peek()!r} after a complete formula")
    return tree


class _Reader:
    """Recursive descent over the tokens: sum, product, sign, power, atom."""

    def __init__(self, text: str) -> None:
        self.tokens: list[tuple[str, str]] = []
        position, end = 0, len(text.rstrip())
        while position < end:
            match = _TOKEN.match(text, position)
            if match is None:
                raise FormulaError(f"cannot read {text[position : position + 10].strip()!r}")
            kind = ("number", "name", "sign")[(match.lastindex or 1) - 1]
            self.tokens.append((kind, match.group(match.lastindex or 1)))
            position = match.end()
        if not self.tokens:
            raise FormulaError("a formula must not be empty")
        self.at = 0

    def peek(self) -> str | None:
        return self.tokens[self.at][1] if self.at < len(self.tokens) else None

    def take(self, *wanted: str) -> str | None:
        if self.at < len(self.tokens) and self.tokens[self.at] in {("sign", sign) for sign in wanted}:
            self.at += 1
            return self.tokens[self.at - 1][1]
        return None

    def sum(self, depth: int) -> Node:
        tree = self.product(depth)
        while sign := self.take("+", "-"):
            tree = (sign, tree, self.product(depth))
        return tree

    def product(self, depth: int) -> Node:
        tree = self.signed(depth)
        while sign := self.take("*", "/"):
            tree = (sign, tree, self.signed(depth))
        return tree

    def signed(self, depth: int) -> Node:
        if depth > DEPTH_MAX:
            raise FormulaError(f"a formula may nest {DEPTH_MAX} levels deep")
        if self.take("-"):
            return ("negate", self.signed(depth + 1))
        if self.take("+"):
            return self.signed(depth + 1)
        return self.power(depth)

    def power(self, depth: int) -> Node:
        base = self.atom(depth)
        if not self.take("**"):
            return base
        negative = bool(self.take("-"))
        kind, text = self.tokens[self.at] if self.at < len(self.tokens) else ("end", "")
        if kind != "number" or not text.isdigit() or int(text) > EXPONENT_MAX:
            raise FormulaError(f"an exponent must be a whole number of at most {EXPONENT_MAX}; use sqrt for roots")
        self.at += 1
        return ("power", base, -int(text) if negative else int(text))

    def atom(self, depth: int) -> Node:
        if self.at >= len(self.tokens):
            raise FormulaError("the formula ends too early")
        kind, text = self.tokens[self.at]
        self.at += 1
        if kind == "number":
            return ("number", _fraction(text))
        if kind == "name":
            return ("call", text, self.arguments(text, depth)) if self.take("(") else ("name", text)
        if text != "(":
            raise FormulaError(f"unexpected {text!r}")
        tree = self.sum(depth + 1)
        if not self.take(")"):
            raise FormulaError("a parenthesis is not closed")
        return tree

    def arguments(self, function: str, depth: int) -> list[Node]:
        if function not in FUNCTIONS:
            raise FormulaError(f"unknown function {function!r}; there are {', '.join(FUNCTIONS)}")
        found = [self.sum(depth + 1)]
        while self.take(","):
            found.append(self.sum(depth + 1))
        if not self.take(")"):
            raise FormulaError(f"the arguments of {function} are not closed")
        fewest, most = FUNCTIONS[function]
        if len(found) < fewest or (most is not None and len(found) > most):
            raise FormulaError(f"{function} takes {fewest}{'' if most == fewest else ' or more'} argument(s)")
        if function == "wmean" and len(found) % 2:
            raise FormulaError("wmean takes pairs: value, weight, value, weight, …")
        if function == "round" and len(found) == 2 and _whole(found[1]) is None:
            raise FormulaError("the second argument of round must be a whole number")
        return found


def names(tree: Node) -> dict[str, int]:
    """Return the names that a tree uses, each with how often it occurs."""
    counts: dict[str, int] = {}
    stack = [tree]
    while stack:
        node = stack.pop()
        if node[0] == "name":
            counts[node[1]] = counts.get(node[1], 0) + 1
        elif node[0] == "call":
            stack.extend(node[2])
        else:
            stack.extend(item for item in node[1:] if isinstance(item, tuple))
    return counts


def printed(text: str) -> tuple[Fraction, Fraction]:
    """Return the value of a printed number and half a unit of its last printed place.

    Raises:
        FormulaError: it is no decimal number.

    """
    if not NUMBER.fullmatch(text) or sum(map(str.isdigit, text)) > DIGITS_MAX:
        raise FormulaError(f"{text[:30]!r} is not a decimal number")
    exponent = Decimal(text).as_tuple().exponent
    return Fraction(text), Fraction(10) ** int(exponent) / 2


# --- evaluation ------------------------------------------------------------------------------------------------------


def value(tree: Node, values: dict[str, Fraction]) -> Fraction:
    """Return the value of a formula at a point.

    Raises:
        FormulaError: division by zero, or a function outside its domain.

    """
    return _walk(tree, {name: (item, item) for name, item in values.items()}, point=True)[0]


def interval(tree: Node, box: dict[str, Interval]) -> Interval:
    """Return the closed interval of all values that a formula takes over a box of inputs; see the module's theory.

    Raises:
        FormulaError: a denominator's interval contains zero, or a function leaves its domain.

    """
    enclosing = _walk(tree, box, point=False)
    repeated = [name for name, count in names(tree).items() if count > 1]
    if not repeated or len(repeated) > CORNER_NAMES_MAX or not all(_monotone_in(tree, name) for name in repeated):
        return enclosing
    corners = [
        _walk(tree, {**box, **{name: (end, end) for name, end in zip(repeated, ends, strict=True)}}, point=False)
        for ends in itertools.product(*(box[name] for name in repeated))
    ]
    return min(low for low, _ in corners), max(high for _, high in corners)


def _walk(node: Node, box: dict[str, Interval], *, point: bool) -> Interval:
    kind = node[0]
    if kind == "number":
        return node[1], node[1]
    if kind == "name":
        return box[node[1]]
    if kind == "negate":
        low, high = _walk(node[1], box, point=point)
        return -high, -low
    if kind == "power":
        return _power(_walk(node[1], box, point=point), node[2])
    if kind == "call":
        arguments = [_walk(item, box, point=point) for item in node[2]]
        return _call(node[1], arguments, node[2], point=point)
    left, right = _walk(node[1], box, point=point), _walk(node[2], box, point=point)
    return _OPERATORS[kind](left, right)


def _add(a: Interval, b: Interval) -> Interval:
    return a[0] + b[0], a[1] + b[1]


def _subtract(a: Interval, b: Interval) -> Interval:
    return a[0] - b[1], a[1] - b[0]


def _multiply(a: Interval, b: Interval) -> Interval:
    products = (a[0] * b[0], a[0] * b[1], a[1] * b[0], a[1] * b[1])
    return min(products), max(products)


def _divide(a: Interval, b: Interval) -> Interval:
    if b[0] <= 0 <= b[1]:
        raise FormulaError(
            "division by zero" if b[0] == b[1] else "a denominator may be zero within its printed digits"
        )
    return _multiply(a, (1 / b[1], 1 / b[0]))


_OPERATORS = {"+": _add, "-": _subtract, "*": _multiply, "/": _divide}


def _power(base: Interval, exponent: int) -> Interval:
    if exponent < 0:
        return _divide((Fraction(1), Fraction(1)), _power(base, -exponent))
    ends = (base[0] ** exponent, base[1] ** exponent)
    low = Fraction(0) if exponent and exponent % 2 == 0 and base[0] <= 0 <= base[1] else min(ends)
    return low, max(ends)


def _call(function: str, arguments: list[Interval], nodes: list[Node], *, point: bool) -> Interval:
    lows, highs = [low for low, _ in arguments], [high for _, high in arguments]
    if function == "sum":
        return sum(lows, Fraction(0)), sum(highs, Fraction(0))
    if function == "mean":
        return sum(lows, Fraction(0)) / len(lows), sum(highs, Fraction(0)) / len(highs)
    if function == "wmean":
        return _weighted_mean(arguments)
    if function in {"min", "max"}:
        pick = min if function == "min" else max
        return pick(lows), pick(highs)
    low, high = arguments[0]
    if function == "abs":
        smallest = Fraction(0) if low <= 0 <= high else min(abs(low), abs(high))
        return smallest, max(abs(low), abs(high))
    if function == "round":
        places = _whole(nodes[1]) if len(nodes) > 1 else 0
        return _round(low, high, places or 0, point=point)
    return _transcendental(function, low, high, point=point)


def _weighted_mean(arguments: list[Interval]) -> Interval:
    """Enclose Σwv / Σw. The weights occur twice, so this over-estimates unless they are exact."""
    top = bottom = (Fraction(0), Fraction(0))
    for item, weight in zip(arguments[::2], arguments[1::2], strict=True):
        top = _add(top, _multiply(item, weight))
        bottom = _add(bottom, weight)
    return _divide(top, bottom)


def _round(low: Fraction, high: Fraction, places: int, *, point: bool) -> Interval:
    unit = Fraction(10) ** -places
    if point:
        nearest = round(low / unit) * unit
        return nearest, nearest
    half = Fraction(1, 2)
    down = -((half - low / unit) // 1)  # ties towards -∞
    up = (high / unit + half) // 1  # ties towards +∞
    return down * unit, up * unit


def _transcendental(function: str, low: Fraction, high: Fraction, *, point: bool) -> Interval:
    """Apply an increasing function to both ends, one unit of the 50th digit outward."""
    if function == "sqrt" and low < 0:
        raise FormulaError("the square root of a negative number")
    if function == "log" and low <= 0:
        raise FormulaError("the logarithm of a number that is not positive")
    if function == "exp" and max(abs(low), abs(high)) > EXP_ARGUMENT_MAX:
        raise FormulaError(f"exp takes arguments between -{EXP_ARGUMENT_MAX} and {EXP_ARGUMENT_MAX}")
    if function == "sqrt" and (exact := _exact_root(low)) is not None and low == high:
        return exact, exact
    ends = []
    for end, rounding, step in ((low, ROUND_FLOOR, "next_minus"), (high, ROUND_CEILING, "next_plus")):
        number = Context(prec=60, rounding=rounding).divide(Decimal(end.numerator), Decimal(end.denominator))
        result = {"sqrt": _PRECISE.sqrt, "log": _PRECISE.ln, "exp": _PRECISE.exp}[function](number)
        ends.append(Fraction(result if point else getattr(_PRECISE, step)(result)))
    return (ends[0], ends[0]) if point else (ends[0], ends[1])


def _exact_root(number: Fraction) -> Fraction | None:
    root = Fraction(_isqrt(number.numerator), _isqrt(number.denominator))
    return root if root * root == number else None


def _isqrt(number: int) -> int:
    if number < 2:
        return number
    guess = 1 << ((number.bit_length() + 1) // 2)
    while (better := (guess + number // guess) // 2) < guess:
        guess = better
    return guess


def _monotone_in(tree: Node, name: str) -> bool:
    """Whether the tree is a ratio of two expressions at most linear in `name` (so monotone in it, see the theory)."""
    degrees = _degrees(tree, name)
    return degrees is not None and max(degrees) <= 1


def _degrees(node: Node, name: str) -> tuple[int, int] | None:
    """Return the degrees in `name` of numerator and denominator, None when the node is no ratio of polynomials."""
    kind = node[0]
    if kind == "number":
        return 0, 0
    if kind == "name":
        return int(node[1] == name), 0
    if kind == "negate":
        return _degrees(node[1], name)
    if kind == "power":
        inner = _degrees(node[1], name)
        if inner is None:
            return None
        top, bottom = inner if node[2] >= 0 else inner[::-1]
        return top * abs(node[2]), bottom * abs(node[2])
    if kind == "call":
        return _call_degrees(node, name)
    left, right = _degrees(node[1], name), _degrees(node[2], name)
    if left is None or right is None:
        return None
    if kind == "*":
        return left[0] + right[0], left[1] + right[1]
    if kind == "/":
        return left[0] + right[1], left[1] + right[0]
    return _sum_degrees([left, right])


def _call_degrees(node: Node, name: str) -> tuple[int, int] | None:
    inner = [_degrees(item, name) for item in node[2]]
    known = [item for item in inner if item is not None]
    if len(known) < len(inner):
        return None
    if node[1] in {"sum", "mean"}:
        return _sum_degrees(known)
    # Any other function keeps a constant constant; a name inside it is no polynomial.
    return (0, 0) if all(item == (0, 0) for item in known) else None


def _sum_degrees(items: list[tuple[int, int]]) -> tuple[int, int]:
    bottom = sum(item[1] for item in items)
    return max(top + bottom - own for top, own in items), bottom


def _whole(node: Node) -> int | None:
    if node[0] == "negate":
        inner = _whole(node[1])
        return None if inner is None else -inner
    if node[0] == "number" and node[1].denominator == 1 and abs(node[1]) <= EXPONENT_MAX:
        return int(node[1])
    return None


def _fraction(text: str) -> Fraction:
    if sum(map(str.isdigit, text)) > DIGITS_MAX:
        raise FormulaError(f"a number may have {DIGITS_MAX} digits")
    return Fraction(text)


# --- decimal text ----------------------------------------------------------------------------------------------------


def decimal_text(number: Fraction, rounding: str = ROUND_HALF_EVEN) -> str:
    """Return plain decimal text: exact when it terminates within SIGNIFICANT_DIGITS, else rounded to them."""
    context = Context(prec=SIGNIFICANT_DIGITS, rounding=rounding, Emax=99_999, Emin=-99_999)
    text = format(context.divide(Decimal(number.numerator), Decimal(number.denominator)), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def evaluate(text: str, values: dict[str, str]) -> tuple[str, str, str]:
    """Return (low, value, high) of a formula over printed values, as decimal strings; the bounds round outward.

    Raises:
        FormulaError: the formula or a value cannot be read or evaluated, or a name is missing.

    """
    tree = parse(text)
    box, points = {}, {}
    for name in names(tree):
        if name not in values:
            raise FormulaError(f"the formula uses {name!r}, which has no value")
        points[name], half = printed(values[name])
        box[name] = (points[name] - half, points[name] + half)
    low, high = interval(tree, box)
    return decimal_text(low, ROUND_FLOOR), decimal_text(value(tree, points)), decimal_text(high, ROUND_CEILING)


def point(text: str, values: dict[str, str]) -> str:
    """Return the value of a formula at its values, as a decimal string.

    Raises:
        FormulaError: as `evaluate`.

    """
    tree = parse(text)
    return decimal_text(value(tree, {name: printed(values[name])[0] for name in names(tree)}))


# --- in the box ------------------------------------------------------------------------------------------------------


def results(job: dict[str, Any]) -> dict[str, Any]:
    """Return what a job's formulas give: the first variant of the values with its interval, the others at their point."""
    variants = []
    for index, variant in enumerate(job["variants"]):
        values = {**job["values"], **variant["values"]}
        metrics = {}
        for metric, text in job["formulas"].items():
            try:
                if index:
                    metrics[metric] = {"value": point(text, values)}
                else:
                    low, middle, high = evaluate(text, values)
                    metrics[metric] = {"value": middle, "low": low, "high": high}
            except FormulaError as error:
                metrics[metric] = {"error": str(error)}
        variants.append({"name": variant["name"], "metrics": metrics})
    return {"variants": variants}


def main(job_path: str, result_path: str) -> None:
    """Evaluate a job file and write its result file."""
    with open(job_path, encoding="utf-8") as file:  # noqa: PTH123 - pathlib costs a millisecond of start
        job = json.load(file)
    with open(result_path, "w", encoding="utf-8") as file:  # noqa: PTH123 - as above
        json.dump(results(job), file)


if __name__ == "__main__":
    main(sys.argv[1], os.environ["ASSAY_RESULT"])
