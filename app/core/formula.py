"""The formula evaluator: exact, small, and one file that imports the standard library alone.

Theory of operation. The same file serves twice. The core imports it to check formulas at intake; inside the box it is
the program itself (`python -S formula.py JOB`), mounted read-only and named in the seal by its digest. That is why it is
one file, longer than its neighbours, and why a changed comment is another evaluator. It reads formulas and printed
values and writes, for every variant of the values that the job lists, each formula's value. There is no `eval`: a
tokenizer, a parser with a depth limit, and a walk over the tree.

Arithmetic is exact (`Ratio`). `sqrt`, `log` and `exp` are computed with 50 digits and widened outward by one unit in the
last place. Every result with them is found again with 75 digits; where the two do not agree, so many digits have
cancelled that nothing is known, and the formula is refused. A printed value such as 77.0 stands for the closed interval
77.0 ± 0.05, half a unit of its last printed place; literals inside a formula are exact.
Two intervals belong to a formula over the box that its printed inputs span:

- The *enclosing* one [low, high] contains every value. Only what lies outside it can contradict.
- The *inner* one consists of values that the formula really takes. Only what meets it can match. Without it an author
  could widen the enclosing interval at will, with `x - x`, and match anything.

How they are found. Interval arithmetic is exact when every name occurs once, and a safe over-estimate otherwise. For
names that repeat, the corners of their box are evaluated, with intervals for the others. What corners give is taken by
the formula, and so is everything between, because a formula is continuous where it is defined: that is the inner
interval. When the formula is, in each repeated name, a ratio of two expressions at most linear in it, then it is
monotone in that name (no denominator contains zero: checked by interval arithmetic first); a function monotone in each
variable separately takes its extremes at corners, and both intervals are the same, exactly. `round` jumps: over a jump
only the value itself counts as taken, and so it is where a corner's numbers grow beyond the limits.

Rounding ties: Python's `round` is half-even, most tables are half-up; the interval covers both, the value is half-even.

Formulas come from strangers and are checked in the web process. So everything has a limit: length, depth, digits,
exponents, the size of every intermediate number, and the steps spent on corners. Sums and products are flat lists, so
that a long one is no deep one.

A verdict starts this program three times, and `re`, `json`, `fractions` and `decimal` take the interpreter longer to
import than it takes to start. So the ordinary path does without them: rational numbers, the tokenizer and the spelling
of job and result are written out below, and tests hold each against the module that it stands for. Only `log`, `exp`
and a root that is no rational number import `decimal`.
"""

from __future__ import annotations

import itertools
import os
import sys
from math import gcd, isqrt

TYPE_CHECKING = False  # as `typing` has it, without the milliseconds of its import
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

    #: ("number", Ratio) ("name", str) ("negate", n) ("power", n, int)
    #: ("sum", [n, …]) ("product", [n, …]) ("call", function, [n, …]) ("call", function, [n, …], digits to compute)
    Node = tuple[Any, ...]
    Interval = tuple["Ratio", "Ratio"]

LENGTH_MAX = 2_000  # characters of one formula
DEPTH_MAX = 40
EXPONENT_MAX = 64  # of a power
DIGITS_MAX = 60  # of one number
POWER_DIGITS_MAX = 3  # of its power of ten, as it is spelled
SCALE_MAX = 400  # a number is 0, or between 10^-400 and 10^400
RESULT_SCALE_MAX = 500
BITS_MAX = 4_096  # of a numerator or denominator on the way
EXP_ARGUMENT_MAX = 1_000
CORNER_STEPS_MAX = 32_768  # corners times nodes of the tree
SIGNIFICANT_DIGITS = 34  # of a value that does not terminate
TERMINATING_DIGITS = 80  # of one that does: more than any printed number has, so that "exactly" means it
PLACES, MORE_PLACES = 50, 75  # digits to which sqrt, log and exp are computed, and computed again as a check
PLAIN_PLACES_MAX = 60  # numbers beyond 10^±60 are written with an exponent

SPACE = frozenset(" \t\n\r\f\v")
DIGITS = frozenset("0123456789")
NAME_STARTS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_")
NAME_PARTS = NAME_STARTS | DIGITS
SIGNS = frozenset("-+*/(),")
NAME_MAX = 64  # characters

FLOOR, CEILING, HALF_EVEN = "floor", "ceiling", "half_even"  # ways to round

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


class FormulaError(ValueError):
    """A formula or one of its values cannot be read or evaluated; the message says why."""


class Ratio:  # noqa: PLW1641 - nothing keeps a set of them
    """A rational number: of `Fraction` what this file needs. Made in lowest terms by its maker, and never changed."""

    __slots__ = ("denominator", "numerator")

    def __init__(self, numerator: int, denominator: int = 1) -> None:
        self.numerator = numerator
        self.denominator = denominator  # positive

    def __add__(self, other: Ratio) -> Ratio:
        shared = gcd(self.denominator, other.denominator)
        rest = self.denominator // shared
        top = self.numerator * (other.denominator // shared) + other.numerator * rest
        common = gcd(top, shared)  # whatever top and denominator share is a factor of both denominators
        return Ratio(top // common, rest * (other.denominator // common))

    def __sub__(self, other: Ratio) -> Ratio:
        return self + -other

    def __mul__(self, other: Ratio) -> Ratio:
        one, two = gcd(self.numerator, other.denominator), gcd(other.numerator, self.denominator)
        top = (self.numerator // one) * (other.numerator // two)
        return Ratio(top, (self.denominator // two) * (other.denominator // one))

    def __pow__(self, exponent: int) -> Ratio:
        return Ratio(self.numerator**exponent, self.denominator**exponent)

    def __neg__(self) -> Ratio:
        return Ratio(-self.numerator, self.denominator)

    def __abs__(self) -> Ratio:
        return Ratio(abs(self.numerator), self.denominator)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Ratio):
            return NotImplemented
        return self.numerator == other.numerator and self.denominator == other.denominator

    def __lt__(self, other: Ratio) -> bool:
        return self.numerator * other.denominator < other.numerator * self.denominator

    def __gt__(self, other: Ratio) -> bool:
        return other < self


ZERO = Ratio(0)


def power_of_ten(exponent: int) -> Ratio:
    """Return ten to a whole power."""
    return Ratio(10**exponent) if exponent >= 0 else Ratio(1, 10**-exponent)


def _quotient(number: Ratio, rounding: str) -> int:
    """Return a rational number rounded to a whole one."""
    down, rest = divmod(number.numerator, number.denominator)
    if rounding == HALF_EVEN:
        return down + (2 * rest + down % 2 > number.denominator)  # from an odd number a tie goes up too
    return down + (rounding == CEILING and rest > 0)


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


def tokens(text: str) -> list[tuple[str, str]]:
    """Return the numbers, names and signs of a formula, each with its kind.

    Raises:
        FormulaError: something is none of them.

    """
    found: list[tuple[str, str]] = []
    position, end = 0, len(text.rstrip())
    while position < end:
        start = _run(text, position, SPACE)
        if (stop := _number_end(text, start)) > start:
            kind = "number"
        elif text[start] in NAME_STARTS:
            kind, stop = "name", min(_run(text, start, NAME_PARTS), start + NAME_MAX)
        elif text[start] in SIGNS:
            kind, stop = "sign", start + (2 if text.startswith("**", start) else 1)
        else:
            raise FormulaError(f"cannot read {text[position : position + 10].strip()!r}")
        found.append((kind, text[start:stop]))
        position = stop
    return found


def _run(text: str, at: int, wanted: frozenset[str]) -> int:
    """Return where a run of wanted characters ends."""
    while at < len(text) and text[at] in wanted:
        at += 1
    return at


def _number_end(text: str, at: int) -> int:
    """Return where the number that begins here ends; right here when none does."""
    end = _run(text, at, DIGITS)
    if text.startswith(".", end):
        places_end = _run(text, end + 1, DIGITS)
        end = places_end if places_end > at + 1 else at  # a point alone is none
    if end > at and text.startswith(("e", "E"), end):
        power = end + (2 if text.startswith(("+", "-"), end + 1) else 1)
        power_end = _run(text, power, DIGITS)
        end = power_end if power_end > power else end
    return end


class _Reader:
    """Recursive descent over the tokens: sum, product, sign, power, atom."""

    def __init__(self, text: str) -> None:
        self.tokens = tokens(text)
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
        terms = [self.product(depth)]
        while sign := self.take("+", "-"):
            term = self.product(depth)
            terms.append(term if sign == "+" else ("negate", term))
        return ("sum", terms) if len(terms) > 1 else terms[0]

    def product(self, depth: int) -> Node:
        factors = [self.signed(depth)]
        while sign := self.take("*", "/"):
            factor = self.signed(depth)
            factors.append(factor if sign == "*" else ("power", factor, -1))
        return ("product", factors) if len(factors) > 1 else factors[0]

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
            return ("number", printed(text)[0])
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
            raise FormulaError(f"unknown function {function!r}")
        found = [self.sum(depth + 1)]
        while self.take(","):
            found.append(self.sum(depth + 1))
        if not self.take(")"):
            raise FormulaError(f"the arguments of {function} are not closed")
        fewest, most = FUNCTIONS[function]
        if len(found) < fewest or (most is not None and len(found) > most):
            raise FormulaError(f"{function} does not take {len(found)} argument(s)")
        if function == "wmean" and len(found) % 2:
            raise FormulaError("wmean takes pairs: value, weight, value, weight, …")
        if function == "round" and len(found) == 2 and _whole(found[1]) is None:
            raise FormulaError(f"the second argument of round must be a whole number of at most {EXPONENT_MAX}")
        return found


def names(tree: Node) -> dict[str, int]:
    """Return the names that a tree uses, each with how often it occurs in the arithmetic: 1, or 2 for more than once.

    A weight of `wmean` occurs twice, above and below the line.
    """
    counts: dict[str, int] = {}
    stack = [(tree, 1)]
    while stack:
        node, times = stack.pop()
        if node[0] == "name":
            counts[node[1]] = min(2, counts.get(node[1], 0) + times)
        elif node[0] == "call" and node[1] == "wmean":
            stack += [(item, 2 if index % 2 else times) for index, item in enumerate(node[2])]
        else:
            stack += [(item, times) for item in _below(node)]
    return counts


def _below(node: Node) -> list[Node]:
    """Return the nodes right below a node."""
    if node[0] in {"number", "name"}:
        return []
    if node[0] in {"negate", "power"}:
        return [node[1]]
    below: list[Node] = node[2] if node[0] == "call" else node[1]
    return below


def printed(text: str) -> tuple[Ratio, Ratio]:
    """Return the value of a printed number and half a unit of its last printed place.

    Raises:
        FormulaError: it is no decimal number, or beyond the limits.

    """
    mantissa, mark, power = text.replace("E", "e").partition("e")
    whole, _, part = _unsigned(mantissa).partition(".")
    power = power if mark else "0"
    read = _all_digits(whole + part) and _all_digits(_unsigned(power)) and len(_unsigned(power)) <= POWER_DIGITS_MAX
    if not read or sum(map(str.isdigit, text)) > DIGITS_MAX:
        raise FormulaError(f"{text[:30]!r} is not a decimal number of at most {DIGITS_MAX} digits")
    digits = int(whole + part)
    exponent = int(power) - len(part)
    if max(abs(exponent), abs(exponent + len(str(digits)) - 1)) > SCALE_MAX:
        raise FormulaError(f"the exponent of {text[:30]!r} is beyond ±{SCALE_MAX}")
    unit = power_of_ten(exponent)
    return Ratio(-digits if text.startswith("-") else digits) * unit, unit * Ratio(1, 2)


def _unsigned(text: str) -> str:
    return text[1:] if text.startswith(("+", "-")) else text


def _all_digits(text: str) -> bool:
    return text.isascii() and text.isdigit()


# --- evaluation ------------------------------------------------------------------------------------------------------


def value(tree: Node, values: dict[str, Ratio]) -> Ratio:
    """Return the value of a formula at a point.

    Raises:
        FormulaError: division by zero, a function outside its domain, or a number beyond the limits.

    """
    return _walk(tree, {name: (item, item) for name, item in values.items()}, point=True)[0]


def interval(tree: Node, box: dict[str, Interval], middle: Ratio) -> tuple[Interval, Interval]:
    """Return the enclosing and the inner interval of a formula over a box of inputs; see the module's theory.

    Args:
        tree: the formula.
        box: name -> the interval of its printed value.
        middle: the formula's value at the printed values themselves.

    Raises:
        FormulaError: a denominator's interval contains zero, a function leaves its domain, or a number grows too long.

    """
    enclosing = _walk(tree, box, point=False)
    repeated = [name for name, count in names(tree).items() if count > 1]
    every_corner = _size(tree) << len(repeated) <= CORNER_STEPS_MAX
    sides = [box[name] for name in repeated]
    ends = itertools.product(*sides) if every_corner else zip(*sides, strict=True)  # else all low, all high
    try:
        corners = [_walk(tree, {**box, **_fixed(repeated, corner)}, point=False) for corner in ends]
        for end in itertools.chain(*corners):
            decimal_text(end)
    except FormulaError:  # a number too long, where the whole box has a shorter one: corners can tell nothing then
        corners, every_corner = [(middle, middle)], False
    inner = min(middle, *(low for low, _ in corners)), max(middle, *(high for _, high in corners))
    if every_corner and all(_monotone_in(tree, name) for name in repeated):
        enclosing = inner
    if enclosing != (enclosing[0],) * 2 and _jumps(tree, box):
        inner = middle, middle
    return enclosing, inner


def _fixed(names: list[str], ends: tuple[Ratio, ...]) -> dict[str, Interval]:
    return {name: (end, end) for name, end in zip(names, ends, strict=True)}


def _size(tree: Node) -> int:
    return 1 + sum(map(_size, _below(tree)))


def _jumps(tree: Node, box: dict[str, Interval]) -> bool:
    """Whether some `round` inside takes more than one value over a box."""
    if tree[0] == "call" and tree[1] == "round":
        low, high = _walk(tree, box, point=False)
        return low != high
    return any(_jumps(item, box) for item in _below(tree))


def _walk(node: Node, box: dict[str, Interval], *, point: bool) -> Interval:
    kind = node[0]
    if kind == "number":
        return node[1], node[1]
    if kind == "name":
        return box[node[1]]
    below = [_walk(item, box, point=point) for item in _below(node)]
    if kind == "negate":
        return -below[0][1], -below[0][0]
    if kind == "power":
        return _power(below[0], node[2])
    if kind == "sum":
        return _sum(below)
    if kind == "product":
        found = below[0]
        for factor in below[1:]:
            found = _multiply(found, factor)
        return found
    return _call(node, below, point=point)


def _fit(low: Ratio, high: Ratio) -> Interval:
    """Return an interval whose ends are not too long to go on with."""
    for part in (low.numerator, low.denominator, high.numerator, high.denominator):
        if part.bit_length() > BITS_MAX:
            raise FormulaError(f"a number on the way has more than {BITS_MAX * 3 // 10} digits")
    return low, high


def _sum(terms: list[Interval]) -> Interval:
    found = terms[0]
    for low, high in terms[1:]:
        found = _fit(found[0] + low, found[1] + high)
    return found


def _multiply(a: Interval, b: Interval) -> Interval:
    products = (a[0] * b[0], a[0] * b[1], a[1] * b[0], a[1] * b[1])
    return _fit(min(products), max(products))


def _power(base: Interval, exponent: int) -> Interval:
    if exponent < 0:
        low, high = _power(base, -exponent)
        if _spans_zero(low, high):
            zero = "division by zero" if low == high else "a denominator may be zero within its printed digits"
            raise FormulaError(zero)
        return _inverse(high), _inverse(low)
    for end in base:
        if max(end.numerator.bit_length(), end.denominator.bit_length()) * exponent > BITS_MAX + exponent:
            raise FormulaError(f"a power has more than {BITS_MAX * 3 // 10} digits")
    ends = (base[0] ** exponent, base[1] ** exponent)
    low = ZERO if exponent and exponent % 2 == 0 and _spans_zero(*base) else min(ends)
    return low, max(ends)


def _spans_zero(low: Ratio, high: Ratio) -> bool:
    return low.numerator <= 0 <= high.numerator


def _inverse(number: Ratio) -> Ratio:
    top, bottom = number.denominator, number.numerator
    return Ratio(top, bottom) if bottom > 0 else Ratio(-top, -bottom)


def _call(node: Node, arguments: list[Interval], *, point: bool) -> Interval:
    function = node[1]
    if function in {"sum", "mean"}:
        low, high = _sum(arguments)
        share = Ratio(1, len(arguments))
        return (low, high) if function == "sum" else (low * share, high * share)
    if function == "wmean":
        return _weighted_mean(arguments)
    if function in {"min", "max"}:
        pick = min if function == "min" else max
        return pick(low for low, _ in arguments), pick(high for _, high in arguments)
    low, high = arguments[0]
    if function == "abs":
        smallest = ZERO if _spans_zero(low, high) else min(abs(low), abs(high))
        return smallest, max(abs(low), abs(high))
    if function == "round":
        places = _whole(node[2][1]) if len(arguments) > 1 else 0
        return _round(low, high, places or 0, point=point)
    return _transcendental(node, low, high, point=point)


def _weighted_mean(arguments: list[Interval]) -> Interval:
    """Enclose Σwv / Σw. The weights occur twice, so this over-estimates unless they are exact."""
    top = _sum([_multiply(*pair) for pair in zip(arguments[::2], arguments[1::2], strict=True)])
    return _multiply(top, _power(_sum(arguments[1::2]), -1))


def _round(low: Ratio, high: Ratio, places: int, *, point: bool) -> Interval:
    unit, per_unit = power_of_ten(-places), power_of_ten(places)
    if point:
        nearest = Ratio(_quotient(low * per_unit, HALF_EVEN)) * unit
        return nearest, nearest
    half = Ratio(1, 2)
    down = _quotient(low * per_unit - half, CEILING)  # ties towards -∞
    up = _quotient(high * per_unit + half, FLOOR)  # ties towards +∞
    return Ratio(down) * unit, Ratio(up) * unit


def _transcendental(node: Node, low: Ratio, high: Ratio, *, point: bool) -> Interval:
    """Apply an increasing function to both ends, one unit of the last digit that is computed outward."""
    function, places = node[1], node[3] if len(node) > 3 else PLACES
    within = "" if low == high else " within the printed digits"
    if function == "sqrt" and low.numerator < 0:
        raise FormulaError(f"the square root of a negative number{within}")
    if function == "log" and low.numerator <= 0:
        raise FormulaError(f"the logarithm of a number that is not positive{within}")
    if function == "exp" and max(abs(low), abs(high)) > Ratio(EXP_ARGUMENT_MAX):
        raise FormulaError(f"exp takes arguments between -{EXP_ARGUMENT_MAX} and {EXP_ARGUMENT_MAX}")
    lower = _applied(function, places, low, FLOOR, point=point)
    return lower, (lower if point else _applied(function, places, high, CEILING, point=point))


def _applied(function: str, places: int, number: Ratio, rounding: str, *, point: bool) -> Ratio:
    if function == "sqrt" and (root := _exact_root(number)) is not None:
        return root
    from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal

    precise = Context(prec=places)
    outward = Context(prec=places + 10, rounding=ROUND_FLOOR if rounding == FLOOR else ROUND_CEILING)
    quotient = outward.divide(Decimal(number.numerator), Decimal(number.denominator))
    found = {"sqrt": precise.sqrt, "log": precise.ln, "exp": precise.exp}[function](quotient)
    if found and not point:  # zero is exact (log 1) and has no neighbour of a reasonable length
        found = precise.next_minus(found) if rounding == FLOOR else precise.next_plus(found)
    return Ratio(*found.as_integer_ratio())


def _exact_root(number: Ratio) -> Ratio | None:
    root = Ratio(isqrt(number.numerator), isqrt(number.denominator))
    return root if root * root == number else None


def _monotone_in(tree: Node, name: str) -> bool:
    """Whether the tree is a ratio of two expressions at most linear in `name` (so monotone in it, see the theory)."""
    degrees = _degrees(tree, name)
    return degrees is not None and max(degrees) <= 1


def _degrees(node: Node, name: str) -> tuple[int, int] | None:
    """Return the degrees in `name` of numerator and denominator, None when the node is no ratio of polynomials."""
    if node[0] == "name":
        return int(node[1] == name), 0
    below = [_degrees(item, name) for item in _below(node)]
    known = [item for item in below if item is not None]
    if len(known) < len(below):
        return None
    if all(item == (0, 0) for item in known):
        return 0, 0  # any function of constants is constant
    if node[0] == "negate":
        return known[0]
    if node[0] == "power":
        top, bottom = known[0] if node[2] >= 0 else known[0][::-1]
        return top * abs(node[2]), bottom * abs(node[2])
    if node[0] == "product":
        return _product_degrees(known)
    if node[0] == "sum" or node[1] in {"sum", "mean"}:
        return _sum_degrees(known)
    if node[1] == "wmean":
        weights = known[1::2]
        weighted = [_product_degrees(list(pair)) for pair in zip(known[::2], weights, strict=True)]
        (top, bottom), (over, under) = _sum_degrees(weighted), _sum_degrees(weights)
        return top + under, bottom + over
    return None  # a name inside another function is no polynomial


def _product_degrees(items: list[tuple[int, int]]) -> tuple[int, int]:
    return sum(top for top, _ in items), sum(bottom for _, bottom in items)


def _sum_degrees(items: list[tuple[int, int]]) -> tuple[int, int]:
    bottom = sum(item[1] for item in items)
    return max(top + bottom - own for top, own in items), bottom


def _whole(node: Node) -> int | None:
    if node[0] == "negate":
        inner = _whole(node[1])
        return None if inner is None else -inner
    if node[0] == "number" and node[1].denominator == 1 and abs(node[1].numerator) <= EXPONENT_MAX:
        return int(node[1].numerator)
    return None


# --- decimal text ----------------------------------------------------------------------------------------------------


def decimal_text(number: Ratio, rounding: str = HALF_EVEN, digits_max: int = SIGNIFICANT_DIGITS) -> str:
    """Return decimal text: exact when it terminates within that many digits, else rounded to SIGNIFICANT_DIGITS.

    Raises:
        FormulaError: the number is beyond 10^±RESULT_SCALE_MAX.

    """
    if number == ZERO:
        return "0"
    first = len(str(abs(number.numerator))) - len(str(number.denominator))  # place of the first digit, or one too high
    if abs(number) < power_of_ten(first):
        first -= 1
    terminates = number.denominator == 1 or pow(10, number.denominator.bit_length(), number.denominator) == 0
    last = first - (digits_max if terminates else SIGNIFICANT_DIGITS) + 1
    found = _quotient(number * power_of_ten(-last), rounding)
    digits = str(abs(found))
    first = last + len(digits) - 1  # rounding can have made one digit more
    if abs(first) > RESULT_SCALE_MAX:
        raise FormulaError(f"the result is beyond 10^±{RESULT_SCALE_MAX}")
    return ("-" if found < 0 else "") + _placed(digits.rstrip("0"), first)


def _placed(digits: str, first: int) -> str:
    """Return digits, the first of which stands at the place 10^first, as decimal text."""
    if abs(first) > PLAIN_PLACES_MAX:
        return f"{digits[0]}{'.' if len(digits) > 1 else ''}{digits[1:]}E{first:+d}"
    exponent = first + 1 - len(digits)
    if exponent >= 0:
        return digits + "0" * exponent
    padded = digits.rjust(1 - exponent, "0")
    return f"{padded[:exponent]}.{padded[exponent:]}"


def _refuse_cancelled(found: Iterable[Ratio], sharper: Iterable[Ratio]) -> None:
    """Raise when results at 50 and at 75 digits differ by more than any print could show.

    Without this `(sqrt(2) - sqrt(2)) * 1e50` is anything between -2 and 2: an author's way to any number that he likes.
    """
    for one, other in zip(found, sharper, strict=True):
        if abs(one - other) > max(abs(one) * power_of_ten(-25), power_of_ten(-45)):
            raise FormulaError(f"its digits cancel: sqrt, log and exp are computed to {PLACES}, and too few are left")


def _sharper(tree: Node) -> Node | None:
    """Return a tree whose sqrt, log and exp are computed to more digits; None when there are none in it."""
    if not any(name in {"sqrt", "log", "exp"} for name in _calls(tree)):
        return None
    return _with_places(tree)


def _calls(tree: Node) -> set[str]:
    own = {tree[1]} if tree[0] == "call" else set()
    return own.union(*map(_calls, _below(tree)))


def _with_places(tree: Node) -> Node:
    kind = tree[0]
    if kind in {"sum", "product"}:
        return kind, [_with_places(item) for item in tree[1]]
    if kind == "call":
        return kind, tree[1], [_with_places(item) for item in tree[2]], MORE_PLACES
    return (kind, _with_places(tree[1]), *tree[2:]) if kind in {"negate", "power"} else tree


def check(text: str, values: Mapping[str, str]) -> None:
    """Read and evaluate a formula as far as errors go, without the cost of all corners.

    Raises:
        FormulaError: it cannot be read or evaluated, or a name has no value.

    """
    tree = parse(text)
    points, box = _inputs(tree, values)
    found = value(tree, points), *_walk(tree, box, point=False)
    if (sharper := _sharper(tree)) is not None:
        _refuse_cancelled(found, (value(sharper, points), *_walk(sharper, box, point=False)))
        for corner in ({name: (side[end],) * 2 for name, side in box.items()} for end in (0, 1)):
            _refuse_cancelled(_walk(tree, corner, point=False), _walk(sharper, corner, point=False))
    for end in found:
        decimal_text(end)


def evaluate(tree: Node, values: Mapping[str, str]) -> dict[str, str]:
    """Return a formula over printed values as decimal strings: value, low, high (outward), inner_low, inner_high.

    Raises:
        FormulaError: a value cannot be read, a name has none, or the formula cannot be evaluated.

    """
    points, box = _inputs(tree, values)
    found = _all_of(tree, points, box)
    if (sharper := _sharper(tree)) is not None:
        _refuse_cancelled(found, _all_of(sharper, points, box))
    digits = TERMINATING_DIGITS if sharper is None else SIGNIFICANT_DIGITS  # a computed root is no exact number
    fields = ("value", "low", "high", "inner_low", "inner_high")
    ways = (HALF_EVEN, FLOOR, CEILING, HALF_EVEN, HALF_EVEN)
    return {name: decimal_text(one, way, digits) for name, one, way in zip(fields, found, ways, strict=True)}


def _all_of(tree: Node, points: dict[str, Ratio], box: dict[str, Interval]) -> tuple[Ratio, ...]:
    """Return the value and the ends of both intervals."""
    middle = value(tree, points)
    enclosing, inner = interval(tree, box, middle)
    return (middle, *enclosing, *inner)


def _value_at(tree: Node, points: dict[str, Ratio]) -> str:
    """Return the value at a point as decimal text, if it can be known."""
    found = value(tree, points)
    if (sharper := _sharper(tree)) is None:
        return decimal_text(found, digits_max=TERMINATING_DIGITS)
    _refuse_cancelled([found], [value(sharper, points)])
    return decimal_text(found)


def _inputs(tree: Node, values: Mapping[str, str]) -> tuple[dict[str, Ratio], dict[str, Interval]]:
    points: dict[str, Ratio] = {}
    box: dict[str, Interval] = {}
    for name in names(tree):
        if name not in values:
            raise FormulaError(f"the formula uses {name!r}, which has no value")
        points[name], half = printed(values[name])
        box[name] = (points[name] - half, points[name] + half)
    return points, box


# --- JSON of strings, lists and objects -----------------------------------------------------------------------------

_ESCAPES = {'"': '"', "\\": "\\", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_ESCAPED = {character: f"\\{letter}" for letter, character in _ESCAPES.items()}


def read_json(text: str) -> Any:
    """Return the document whose canonical bytes are given as text.

    Raises:
        ValueError, LookupError: it does not consist of strings, lists and objects, or is spelled in another way.

    """
    document, end = _read(text, 0)
    if end != len(text):
        raise ValueError(f"unexpected {text[end]!r} after a complete document")
    return document


def _read(text: str, at: int) -> tuple[Any, int]:
    if text[at] == '"':
        return _read_string(text, at + 1)
    closing = {"[": "]", "{": "}"}[text[at]]
    items: list[Any] = []
    at += 1
    while text[at] != closing:
        at = _after(",", text, at) if items else at
        if closing == "]":
            item, at = _read(text, at)
        else:
            key, at = _read_string(text, _after('"', text, at))
            below, at = _read(text, _after(":", text, at))
            item = key, below
        items.append(item)
    return (dict(items) if closing == "}" else items), at + 1


def _after(mark: str, text: str, at: int) -> int:
    if text[at] != mark:
        raise ValueError(f"expected {mark!r} instead of {text[at]!r}")
    return at + 1


def _read_string(text: str, at: int) -> tuple[str, int]:
    found = ""
    while True:
        end = text.index('"', at)
        escape = text.find("\\", at, end)
        if escape < 0:
            return found + text[at:end], end + 1
        letter = text[escape + 1]
        stop = escape + (6 if letter == "u" else 2)
        found += text[at:escape] + (chr(int(text[escape + 2 : stop], 16)) if letter == "u" else _ESCAPES[letter])
        at = stop


def json_text(document: Any) -> str:
    """Return a document of strings, lists and objects as JSON."""
    if isinstance(document, str):
        return f'"{document.translate(_Spelling())}"'
    if isinstance(document, list):
        return "[" + ", ".join(map(json_text, document)) + "]"
    return "{" + ", ".join(f"{json_text(key)}: {json_text(item)}" for key, item in document.items()) + "}"


class _Spelling:
    """How a JSON string spells each character, as a table for `str.translate`."""

    def __getitem__(self, code: int) -> str:
        if chr(code) in _ESCAPED:
            return _ESCAPED[chr(code)]
        if 32 <= code < 127:
            return chr(code)
        high, low = divmod(code - 0x10000, 0x400)
        return f"\\u{0xD800 + high:04x}\\u{0xDC00 + low:04x}" if high >= 0 else f"\\u{code:04x}"


# --- in the box ------------------------------------------------------------------------------------------------------


def results(job: dict[str, Any]) -> dict[str, Any]:
    """Return what a job's formulas give: for the first variant of the values with intervals, for the others at a point.

    The others change some values each and list only the formulas that use one of them.

    Raises:
        FormulaError: a formula cannot be read. One that cannot be evaluated says so in its place.

    """
    trees = {metric: parse(text) for metric, text in job["formulas"].items()}
    used = {metric: names(tree).keys() for metric, tree in trees.items()}
    variants = []
    for index, variant in enumerate(job["variants"]):
        changed = variant["values"].keys()
        values = {**job["values"], **variant["values"]}
        metrics = {}
        for metric, tree in trees.items():
            if index and not used[metric] & changed:
                continue
            try:
                if index:
                    metrics[metric] = {"value": _value_at(tree, _inputs(tree, values)[0])}
                else:
                    metrics[metric] = evaluate(tree, values)
            except FormulaError as error:
                metrics[metric] = {"error": str(error)}
        variants.append({"name": variant["name"], "metrics": metrics})
    return {"variants": variants}


def main(job_path: str, result_path: str) -> None:
    """Evaluate a job file and write its result file."""
    with open(job_path, encoding="utf-8") as file:  # noqa: PTH123 - pathlib costs a millisecond of start
        job = read_json(file.read())
    with open(result_path, "w", encoding="utf-8") as file:  # noqa: PTH123 - as above
        file.write(json_text(results(job)))


if __name__ == "__main__":
    main(sys.argv[1], os.environ["ASSAY_RESULT"])
