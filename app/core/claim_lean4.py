"""Reading `[reproduce]` of the kind lean4: a statement, a proof of it, and what both may import."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from app.core.checkers import CHECKERS
from app.core.claim_script import check_path, read_environment
from app.core.model import Lean4

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from app.core.claim_reader import Table

_PART = r"[^\W\d][\w'!?]*"
NAME = re.compile(rf"{_PART}(?:\.{_PART})*")  # of a theorem or a module; quoted parts («…») have no place in a claim
NAME_MAX = 255
IMPORTS_MAX = 32


def read_lean4(table: Table, files: Collection[str] | None, environments: Mapping[str, str]) -> Lean4 | None:
    """Return the proof of a `[reproduce]` table.

    Args:
        table: the table.
        files: every path of the bundle; None for a JSON body, which has none.
        environments: name -> digest.

    """
    parts = read_parts(table, files, NAME, 'write it as Lean prints it, with its namespace: theorem = "Paper.main"')
    if files is None:
        return None
    environment = read_environment(table, "lean4", environments)
    imports = _imports(table)
    return None if parts is None else Lean4(**parts, imports=imports, environment=environment)


def read_parts(
    table: Table, files: Collection[str] | None, name: re.Pattern[str], named_so: str
) -> dict[str, str] | None:
    """Return the two files of a proof and its theorem; None when one of them is not there.

    Args:
        table: the table.
        files: every path of the bundle; None for a JSON body, which has none.
        name: what the theorem's name is made of.
        named_so: the remedy for one that is made of something else.

    """
    if files is None:
        table.report("kind", "needs-bundle", "a proof comes in a bundle", "send the archive as the part `bundle`")
        return None
    challenge = table.text("challenge", required=True, longest=255)
    solution = table.text("solution", required=True, longest=255)
    theorem = table.text("theorem", required=True, longest=NAME_MAX)
    for key, path in (("challenge", challenge), ("solution", solution)):
        if path is not None:
            check_path(table, key, path, files)
    if challenge is not None and challenge == solution:
        detail = "statement and proof are one file, and the statement must be approved apart from its proof"
        remedy = f"state the theorem in a file of its own, with `{CHECKERS[str(table.data['kind'])].hole}`"
        table.report("solution", "solution-is-challenge", detail, remedy)
    if theorem is not None and not name.fullmatch(theorem):
        table.report("theorem", "bad-name", f"{theorem[:80]!r} is no name of a theorem", named_so)
    if challenge is None or solution is None or theorem is None:
        return None
    return {"challenge": challenge, "solution": solution, "theorem": theorem}


def _imports(table: Table) -> tuple[str, ...]:
    found = table.texts("imports")
    if table.has("imports") and table.data["imports"] == []:
        remedy = 'leave it out for imports = ["Init"]'
        table.report("imports", "bad-name", "a proof without Lean's own basic module proves nothing here", remedy)
    if len(found) > IMPORTS_MAX:
        table.report("imports", "too-many", f"at most {IMPORTS_MAX} modules", "name those that the files import")
    for name in found:
        if len(name) > NAME_MAX or not NAME.fullmatch(name):
            table.report(
                "imports", "bad-name", f"{name[:80]!r} is no name of a module", 'write it like "Init.Data.Nat"'
            )
    return found or ("Init",)
