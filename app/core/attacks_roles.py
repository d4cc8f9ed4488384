"""What the box holds when things change their roles, for claims that say which of them is ahead.

turned   variant 1: columns, labels or files that are called as the members of a ranking, in each other's place, or, of a
         direction, the numbers of each record in the opposite order; 2: each text of a column in place of the one before;
         3: every number negated; 4: every second column upside down; 5: labels or files that are called as the first two
         members of a ranking, in each other's place
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from app.core.attacks_parts import NAMED_MAX, Attacked, Contents, each_input
from app.core.model import Rule
from app.core.perturb import Underivable
from app.core.perturb_roles import alike, columns_turned, labels_turned, negated, reflected

if TYPE_CHECKING:
    from app.core.model import Claim, Derivation
    from app.core.perturb_sites import Sites

LEADERS = 5  # variant of `turned`
_HOW = {
    1: "the numbers of each record in the opposite order",
    2: "labels in each other's place",
    3: "every number negated",
    4: "every second column upside down",
}


def turned(_: str, derivation: Derivation, claim: Claim, contents: Contents) -> Attacked | Underivable:
    """Return the inputs with roles exchanged as a variant says."""
    names = members_of(claim)
    if derivation.variant == 1 and names:
        return _members_turned(names, contents)
    if derivation.variant == LEADERS:
        return _leaders_exchanged(claim, contents)
    ways = {1: columns_turned, 2: labels_turned, 3: negated, 4: reflected}
    return each_input(contents, lambda _, found: ways[derivation.variant](found), _HOW[derivation.variant])


def _leaders_exchanged(claim: Claim, contents: Contents) -> Attacked | Underivable:
    """Exchange the labels, or else the files, of the first and the second member of each ranking."""
    pairs = [item.order[:2] for item in claim.expect if item.rule is Rule.RANKING and item.order]

    def change(_: str, found: Sites) -> bytes | None:
        for pair in pairs:
            data = labels_turned(found, pair)
            if data is not None:
                return data
        return None

    files = [[path for path in contents.inputs if alike(PurePosixPath(path).stem, name)] for name in members_of(claim)]
    if all(len(paths) == 1 for paths in files[:2]) and len(files) > 1:
        return _members_turned(members_of(claim)[:2], contents)
    return each_input(contents, change, "the first and the second of the ranking in each other's place")


def members_of(claim: Claim) -> tuple[str, ...]:
    """Return the names of everything that a claim ranks."""
    return tuple(name for item in claim.expect if item.rule is Rule.RANKING for name in item.order or ())


def _members_turned(names: tuple[str, ...], contents: Contents) -> Attacked | Underivable:
    """Exchange what bears the names of a ranking's members: whole files, or else columns and labels in them."""
    files = [path for path in contents.inputs if any(alike(PurePosixPath(path).stem, name) for name in names)]
    if len(files) > 1:
        moved = dict(zip(files, [contents.inputs[path] for path in (*files[1:], files[0])], strict=True))
        summary = f"{', '.join(files[:NAMED_MAX])}: in each other's place"
        return Attacked(replace(contents, inputs={**contents.inputs, **moved}), summary)

    def change(_: str, found: Sites) -> bytes | None:
        return columns_turned(found, names) or labels_turned(found, names)

    return each_input(contents, change, "what bears the names of the ranking in each other's place")
