"""What an export says about one theorem: its statement with every definition that this reaches, and what it rests on.

Everything is decided on the declarations as the kernel gets them. A theorem within a definition counts by its type alone,
because all its proofs are equal; heights and other hints to the kernel do not count.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from . import text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .terms import Declaration, Table

PRIVATE = ("_private", "Proof", 0)  # what Lean puts before names that a module does not make public
ALLOWED = ("propext", "Quot.sound", "Classical.choice")  # axioms on which a proof may rest: the library's
LEANS = frozenset(ALLOWED)
PLAIN = re.compile(r"[^\W\d][\w'!?]*")


@dataclass(frozen=True)
class Export:
    """The declarations of one source."""

    table: Table
    declarations: tuple[Declaration, ...]

    def __post_init__(self) -> None:
        """Find who declares what; of two with one name the kernel refuses the second."""
        owners: dict[int, int] = {}
        for index, item in enumerate(self.declarations):
            for name in item.names():
                owners.setdefault(name, index)
        object.__setattr__(self, "_owners", owners)
        object.__setattr__(
            self, "_groups", {one.name: index for index, d in enumerate(self.declarations) for one in d.group}
        )

    def owner(self, name: int) -> int | None:
        """Return which declaration makes a constant; a recursor is made by its group. None for the library's."""
        owners: dict[int, int] = self._owners  # type: ignore[attr-defined]
        if name in owners:
            return owners[name]
        key = self.table.names[name]
        if len(key) == 3 and key[0] == "s" and (key[2] == "rec" or str(key[2]).startswith("rec_")):
            groups: dict[int, int] = self._groups  # type: ignore[attr-defined]
            return groups.get(int(key[1]))
        return None

    def theorem(self, written: str) -> Declaration | None:
        """Return the declaration of a name, public before private."""
        for above in ((), PRIVATE):
            index = self.owner(self.table.named(written, *above))
            if index is not None and self.declarations[index].kind != "inductive":
                return self.declarations[index]
        return None

    def reached(self, names: Iterable[int], *, proofs: bool) -> tuple[list[int], set[int]]:
        """Return what constants reach, themselves included.

        Args:
            names: of the constants.
            proofs: whether to look into theorems too.

        Returns:
            Declarations of this export, each after those that it needs and in one order however the source was ordered,
            and names of the library's constants.

        """
        done: list[int] = []
        library: set[int] = set()
        begun: set[int] = set()
        open_ = [(name, False) for name in self._sorted(names)]
        while open_:
            name, needs_met = open_.pop()
            index = self.owner(name)
            if index is None:
                library.add(name)
            elif needs_met:
                done.append(index)
            elif index not in begun:
                begun.add(index)
                item = self.declarations[index]
                terms = item.terms() if proofs or item.kind != "theorem" else [item.type]
                used = set().union(*(self.table.constants(term) for term in terms))
                open_.append((name, True))
                open_ += [(one, False) for one in self._sorted(used)]
        return done, library

    def _sorted(self, names: Iterable[int]) -> list[int]:
        return sorted(names, key=lambda name: (self.table.written(name), name), reverse=True)


@dataclass(frozen=True)
class Statement:
    """How two exports' statements compare."""

    same: bool
    negation: bool  # whether the solution's is `¬` of the challenge's
    digest: str  # of the challenge's
    definitions: tuple[str, ...]  # which differ, as people write them


def statements(theorem: str, challenge: Export, solution: Export) -> Statement | None:
    """Compare the statements of one theorem; None when one of the two has none."""
    wanted, found = challenge.theorem(theorem), solution.theorem(theorem)
    if wanted is None or found is None:
        return None
    used = challenge.table.constants(wanted.type)
    reached, library = challenge.reached(used, proofs=False)
    # The kernel refuses a name that the library has; whether two statements are the same does not lean on that.
    differing = [readable(challenge.table, name) for name in library if solution.owner(name) is not None]
    for index in reached:
        item = challenge.declarations[index]
        other = solution.owner(item.names()[0])
        if other is None or _meaning(solution.declarations[other]) != _meaning(item):
            differing.append(readable(challenge.table, item.names()[0]))
    meanings = [_meaning(challenge.declarations[index]) for index in reached]
    said = text.write([*meanings, _meaning(replace(wanted, kind="theorem"))], challenge.table)
    digest = "sha256:" + hashlib.sha256(said.encode()).hexdigest()
    same = (wanted.type, wanted.parameters) == (found.type, found.parameters)
    negation = wanted.parameters == found.parameters and _negates(solution, found.type, wanted.type)
    return Statement(same, negation, digest, tuple(sorted(differing)))


def _negates(solution: Export, term: int, stated: int) -> bool:
    """Return whether a term is `Not` of another, and that `Not` the library's own."""
    table = solution.table
    name = table.named("Not")
    return solution.owner(name) is None and table.terms[term] == ("a", table.term(("c", name)), stated)


def readable(table: Table, name: int) -> str:
    """Return a name as people write it, without what Lean puts before those that are not public.

    A part that is no plain word stands in marks, as Lean writes it: with a dot in it, it would look like two parts.
    """
    parts = table.parts(name)
    hidden = parts[: len(PRIVATE)] == PRIVATE and len(parts) > len(PRIVATE)
    return ".".join(map(_part, parts[len(PRIVATE) :] if hidden else parts))


def own_axioms(export: Export, reached: Iterable[int]) -> set[str]:
    """Return the axioms among some declarations of a source, each by a name that none of Lean's own has.

    Whoever decides has the names alone, and a source may call its axiom like one of Lean's, only privately.
    """
    declared = (export.declarations[index] for index in reached)
    said = {readable(export.table, item.name) for item in declared if item.kind == "axiom"}
    return {f"{name} of the source" if name in LEANS else name for name in said}


def _part(part: str | int) -> str:
    return str(part) if isinstance(part, int) or PLAIN.fullmatch(part) else f"«{part}»"


def _meaning(item: Declaration) -> Declaration:
    """Return what of a declaration can change what a statement means."""
    return replace(item, kind="axiom", value=0) if item.kind == "theorem" else replace(item, hint=0)
