"""Verifies Metamath proofs: a stack, substitution, and variables that must stay apart. The second opinion beside metamath.

The algorithm is that of the Metamath book, sections 4.1.4 and, for the compressed form, appendix B. It shares no code with
the program `metamath`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .reader import UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from .reader import Assertion, Database, Hypothesis

Text = tuple[str, ...]
SYMBOLS_MAX = 50_000_000  # that one proof may write, however often it repeats itself


class RejectedError(ValueError):
    """A proof proves not what its theorem says."""


class GaveUpError(RuntimeError):
    """A proof is longer than this verifier goes; that says nothing about it."""


def rejected(database: Database) -> tuple[str, str] | None:
    """Return the first theorem whose proof is wrong, and why; None when none is. Open proofs (`?`) are left out.

    Raises:
        GaveUpError: a proof is too long.

    """
    before: dict[str, Assertion] = {}
    for label, item in database.assertions.items():
        if item.kind == "p" and UNKNOWN not in "".join(item.proof):
            try:
                _verify(item, before, database.variables)
            except RejectedError as error:
                return label, str(error)
        before[label] = item
    return None


def labels(item: Assertion) -> tuple[str, ...]:
    """Return the labels that a proof names."""
    if item.proof[:1] != ("(",):
        return item.proof
    end = item.proof.index(")") if ")" in item.proof else len(item.proof)
    return item.proof[1:end]


def _verify(item: Assertion, before: Mapping[str, Assertion], variables: set[str]) -> None:
    hypotheses = {found.label: found for found in item.inside}
    stack: list[Text] = []
    kept: list[Text] = []
    spent = 0
    for step in _steps(item):
        if step == "Z":
            if not stack:
                raise RejectedError("it keeps what is not there")
            kept.append(stack[-1])
        elif isinstance(step, int):
            if step >= len(kept):
                raise RejectedError("it refers to what was not kept")
            stack.append(kept[step])
        elif step[1:] in hypotheses:
            stack.append(hypotheses[step[1:]].symbols)
        elif step[1:] in before:
            _apply(before[step[1:]], stack, item, variables)
        else:
            raise RejectedError(f"{step[1:][:80]} is nothing that it may use")
        spent += len(stack[-1])
        if spent > SYMBOLS_MAX:
            raise GaveUpError(f"the verifier assay gave up on {item.label}: it writes more than {SYMBOLS_MAX} symbols")
    if stack != [item.symbols]:
        raise RejectedError("it ends with something else than the theorem")


def _steps(item: Assertion) -> Iterator[str | int]:
    """Yield the steps of a proof: `=` and a label, `Z` to keep the top, or the number of what was kept."""
    if item.proof[:1] != ("(",):
        yield from (f"={label}" for label in item.proof)
        return
    if ")" not in item.proof:
        raise RejectedError("its list of labels is not closed")
    end = item.proof.index(")")
    named = (*(found.label for found in item.needs), *item.proof[1:end])
    if {found.label for found in item.needs} & set(item.proof[1:end]):
        raise RejectedError("its list of labels names a hypothesis of its own")
    number = 0
    for letter in "".join(item.proof[end + 1 :]):
        if "A" <= letter <= "T":
            number = 20 * number + ord(letter) - ord("A")
            yield f"={named[number]}" if number < len(named) else number - len(named)
            number = 0
        elif "U" <= letter <= "Y":
            number = 5 * number + ord(letter) - ord("U") + 1
        elif letter == "Z" and not number:
            yield "Z"
        else:
            raise RejectedError(f"{letter!r} is no step")
    if number:
        raise RejectedError("its last step is cut off")


def _apply(used: Assertion, stack: list[Text], item: Assertion, variables: set[str]) -> None:
    """Replace what an assertion needs, on the stack, by what it says."""
    count = len(used.needs)
    if len(stack) < count:
        raise RejectedError(f"{used.label} needs more than there is")
    given = stack[len(stack) - count :]
    del stack[len(stack) - count :]
    put: dict[str, Text] = {}
    for need, text in zip(used.needs, given, strict=True):
        if need.kind == "f":
            if text[0] != need.symbols[0]:
                raise RejectedError(f"{used.label} is given something of another type")
            put[need.symbols[1]] = text[1:]
    for need, text in zip(used.needs, given, strict=True):
        if need.kind == "e" and text != _with(need, put):
            raise RejectedError(f"{used.label} is given something else than {need.label} says")
    for one, other in map(sorted, used.apart):
        _keep_apart(_in(put[one], variables), _in(put[other], variables), used, item)
    stack.append(_put(used.symbols, put))


def _keep_apart(ones: set[str], others: set[str], used: Assertion, item: Assertion) -> None:
    for one in ones:
        for other in others:
            if one == other or frozenset((one, other)) not in item.apart_inside:
                raise RejectedError(f"{used.label} needs {one} and {other} to be different variables")


def _in(text: Text, variables: set[str]) -> set[str]:
    return variables.intersection(text)


def _with(need: Hypothesis, put: Mapping[str, Text]) -> Text:
    return _put(need.symbols, put)


def _put(symbols: Text, put: Mapping[str, Text]) -> Text:
    found: list[str] = []
    for symbol in symbols:
        found.extend(put.get(symbol, (symbol,)))
    return tuple(found)
