"""Printed numbers, tolerances, durations and sizes.

A printed string is a datum: "8.70" says more than "8.7". Everything is `Decimal`, because in binary floating point
|9.135 - 8.7| ≤ 0.05·8.7 is false at the exact bound.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Context, Decimal

from app.core.formula import DIGITS_MAX, SCALE_MAX

_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,9})?", re.ASCII)
_DURATION = re.compile(r"(\d{1,9}(?:\.\d{1,3})?)\s?(ms|s|m|min|h)", re.ASCII)
_SIZE = re.compile(r"(\d{1,12})\s?(B|KiB|MiB|GiB|TiB|kB|KB|MB|GB|TB)", re.ASCII)
#: Spelled like a number, and none that `printed` reads: with separated thousands or a percent sign.
_THOUSANDS = r"[-+]?[0-9]{1,3}(?:[,'’\s][0-9]{3})+(?:\.[0-9]*)?"
_COMMA = r"[-+]?[0-9]+,[0-9]+"
_ALMOST = re.compile(rf"{_THOUSANDS}\s*%?|[-+]?[0-9]+(?:\.[0-9]*)?\s*%")
_MS = {"ms": 1, "s": 1_000, "m": 60_000, "min": 60_000, "h": 3_600_000}
_BYTES = {"B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40} | {
    "kB": 10**3,
    "KB": 10**3,
    "MB": 10**6,
    "GB": 10**9,
    "TB": 10**12,
}

#: Wide enough that no sum or product of a printed and a reported number is ever rounded.
EXACT = Context(prec=2_000, Emax=999_999, Emin=-999_999)


@dataclass(frozen=True)
class Printed:
    """A number as it was printed."""

    text: str
    value: Decimal
    half_unit: Decimal  # half of one unit of the last printed place

    @property
    def low(self) -> Decimal:
        """Least value that rounds to the print; the interval is closed because half-up and half-even disagree."""
        return EXACT.subtract(self.value, self.half_unit)

    @property
    def high(self) -> Decimal:
        """Greatest value that rounds to the print."""
        return EXACT.add(self.value, self.half_unit)


def printed(text: str) -> Printed:
    """Read a printed number such as "8.70", "-1e-5" or "−1.4" (a typographic minus is a minus).

    Raises:
        ValueError: it is no finite decimal number; the message says what to write instead.

    """
    plain = text.strip().replace("\N{MINUS SIGN}", "-")
    if plain.endswith("%"):
        raise ValueError(f"{text!r} carries a percent sign")
    if not _NUMBER.fullmatch(plain):
        raise ValueError(f'{text[:40]!r} is not a decimal number such as "8.70" or "1e-5"')
    if sum(map(str.isdigit, plain)) > DIGITS_MAX:
        raise ValueError(f"a printed number may have {DIGITS_MAX} digits")
    value = Decimal(plain)
    exponent = int(value.as_tuple().exponent)
    if max(abs(exponent), abs(value.adjusted())) > SCALE_MAX:
        raise ValueError(f"the exponent of {text!r} is beyond ±{SCALE_MAX}")
    return Printed(text, value, Decimal((0, (5,), exponent - 1)))


def number_in(text: str) -> Decimal | None:
    """Return the number that a text spells, None when it is a label or a hash.

    Raises:
        ValueError: it looks like a number and cannot be read as one, such as "87.3%" or "1,234".

    """
    try:
        return printed(text).value
    except ValueError:
        if _ALMOST.fullmatch(text.strip().replace("\N{MINUS SIGN}", "-")):
            raise
        return None


def number_remedy(text: str) -> str:
    """Return what to write in place of a text that is no number."""
    plain = text.strip().replace("\N{MINUS SIGN}", "-")
    number = plain.removesuffix("%").strip()
    percent = plain[len(number) :].strip()
    if re.fullmatch(_COMMA, number) and not re.fullmatch(_THOUSANDS, number):
        return f'write a decimal point: "{number.replace(",", ".")}{percent}"'
    if re.fullmatch(_THOUSANDS, number):
        digits = re.sub(r"[,'’\s]", "", number)
        point = f', or "{number.replace(",", ".")}{percent}" if the comma stands for a decimal point'
        return f'write "{digits}{percent}" without a separator' + (
            point if number.count(",") == 1 and "." not in number else ""
        )
    if percent and re.fullmatch(r"[-+]?[0-9]+(?:\.[0-9]*)?", number):
        return f'write "{number}", and unit = "%"'
    return "write the digits as they are printed"


def fraction(text: str) -> Decimal:
    """Read a relative tolerance: "5%" or "0.05", both 0.05.

    Raises:
        ValueError: it is neither, or negative.

    """
    plain = text.strip()
    percent = plain.endswith("%")
    value = printed(plain[:-1].strip() if percent else plain).value
    if value < 0:
        raise ValueError(f"the tolerance {text!r} is negative")
    return EXACT.scaleb(value, -2) if percent else value


def margin(text: str) -> Decimal:
    """Read a tolerance in the value's own unit or in points.

    Raises:
        ValueError: it is no number, or negative.

    """
    if text.strip().endswith("%"):
        raise ValueError(f'{text!r} is relative; this rule takes a number in the value\'s unit, such as "0.5"')
    value = printed(text).value
    if value < 0:
        raise ValueError(f"the tolerance {text!r} is negative")
    return value


def milliseconds(text: str) -> int:
    """Read a duration: "60s", "250ms", "5m", "1h"; at least one millisecond.

    Raises:
        ValueError: it is no duration.

    """
    match = _DURATION.fullmatch(text.strip())
    if match is None:
        raise ValueError(f'{text[:40]!r} is not a duration such as "60s", "250ms" or "5m"')
    found = int(Decimal(match[1]) * _MS[match[2]])
    if found < 1:
        raise ValueError("a duration must be at least 1ms")
    return found


def size_bytes(text: str) -> int:
    """Read a size: "256MiB", "1GiB", "500MB"; at least one byte.

    Raises:
        ValueError: it is no size.

    """
    match = _SIZE.fullmatch(text.strip())
    if match is None:
        raise ValueError(f'{text[:40]!r} is not a size such as "256MiB" or "1GiB"')
    found = int(match[1]) * _BYTES[match[2]]
    if found < 1:
        raise ValueError("a size must be at least 1B")
    return found


def plain(value: Decimal) -> str:
    """Return a number as plain text without an exponent, digits kept; very long ones keep their exponent."""
    if abs(value.adjusted()) > 40:
        return str(value)
    return format(value, "f")
