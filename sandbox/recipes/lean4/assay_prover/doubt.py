"""What this Lean's kernel is known to judge wrongly, found in an export before the kernel sees it.

The kernel of Lean 4.28 accepts some things that later ones reject, each a way to a proof of `False` (mended in Lean 4.32.2
to 4.34.0, lean4#14577 to lean4#14807):

    nested      a constructor that nests its type in another one, with a parameter that is ill typed. The judge has every
                constructor's type checked a second time, behind its group, so nothing is done about it here.
    named       a name below `_nested`, which the kernel gives to types of its own while it takes a nesting apart
    sorted      a type whose sort is not written out, so that it is now a proposition and now none; a group of types in
                different sorts, of which the kernel looks at the first; a field out of a structure that is a proposition
                only by arithmetic of levels. Proofs of one proposition are equal, and their fields are not.
    numbered    a field of a number above 32 bits, of which the kernel sees the lower ones; a group that declares a name
                twice

Hardly any of it comes of a source without programs of its own that write declarations. So what looks like one is not given
to the kernel, and nothing is decided: a proof may be refused that is right, and none is accepted that is wrong like this.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .compare import readable
from .terms import children

if TYPE_CHECKING:
    from .compare import Export
    from .terms import Declaration, Table

NESTED = "_nested"
FIELDS_MAX = 1 << 16


def doubt(export: Export) -> str | None:
    """Return why a kernel with these faults is not asked about an export; None when it may be."""
    table = export.table
    structures = {one.name: item for item in export.declarations for one in item.group}
    for item in export.declarations:
        said = _twice(item) or _sorts(item, table) or _terms(item, table, structures)
        if said is not None:
            return f"the kernel is known to judge wrongly of {readable(table, item.names()[0])}: {said}"
    return None


def never_zero(table: Table, level: int) -> bool:
    """Return whether a level is above zero whatever its parameters are, as far as its shape tells."""
    seen: dict[int, bool] = {}
    open_ = [level]
    while open_:
        number = open_[-1]
        kind, *within = table.levels[number]
        needed = {"m": within, "i": within[1:]}.get(str(kind), [])
        missing = [int(one) for one in needed if int(one) not in seen]
        if missing:
            open_ += missing
        else:
            seen[number] = kind == "s" or any(seen[int(one)] for one in needed)
            open_.pop()
    return seen[level]


def _twice(item: Declaration) -> str | None:
    names = item.names()
    return "it declares a name twice" if len(set(names)) < len(names) else None


def _sorts(item: Declaration, table: Table) -> str | None:
    levels = {_level(one.type, table) for one in item.group}
    if None in levels:
        return "the sort of a type is not written out (write `Prop` or `Type` at its end)"
    return "types of one group are in different sorts" if len(levels) > 1 else None


def _terms(item: Declaration, table: Table, structures: dict[int, Declaration]) -> str | None:
    seen: set[int] = set()
    open_ = item.terms()
    names = set(item.names())
    while open_:
        number = open_.pop()
        if number in seen:
            continue
        seen.add(number)
        key = table.terms[number]
        if key[0] in {"c", "j"}:
            names.add(int(key[1]))
        if key[0] == "j" and int(key[2]) > FIELDS_MAX:
            return f"it takes the field {str(key[2])[:20]} of a structure"
        if key[0] == "j" and int(key[1]) in structures and not _told(structures[int(key[1])], int(key[1]), table):
            return (
                "it takes a field of a structure of which only arithmetic of levels tells whether it is a proposition"
            )
        open_ += children(key)
    nested = any(str(part).startswith(NESTED) for name in names for part in table.parts(name))
    return f"it uses a name below {NESTED}, which are the kernel's own" if nested else None


def _told(item: Declaration, name: int, table: Table) -> bool:
    """Return whether an inductive type is plainly a proposition, or plainly is not."""
    level = _level(next(one.type for one in item.group if one.name == name), table)
    return level is not None and (table.levels[level][0] == "z" or never_zero(table, level))


def _level(term: int, table: Table) -> int | None:
    """Return the level of the sort in which a type ends; None when no sort stands there."""
    while table.terms[term][0] == "p":
        term = int(table.terms[term][-1])
    kind, *within = table.terms[term]
    return int(within[0]) if kind == "s" else None
