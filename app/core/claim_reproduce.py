"""Reading `[reproduce]`: a formula over printed values, or a script over its inputs and parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.core.claim_formula import read_formula
from app.core.claim_reader import near
from app.core.claim_script import read_script

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from app.core.claim_reader import Table
    from app.core.model import Formula, Script


def read_reproduce(
    document: Table, files: Collection[str] | None, environments: Mapping[str, str]
) -> Formula | Script | None:
    """Return the `[reproduce]` of a claim document; `files` is None for a JSON body, which has none."""
    table = document.table("reproduce", required=True)
    if table is None:
        return None
    kind = table.text("kind", required=True, longest=20)
    match kind:
        case "formula":
            found: Formula | Script | None = read_formula(table, document)
        case "script":
            found = read_script(table, files, environments)
        case None:
            return None
        case "lean4":
            table.report("kind", "kind-not-offered", "this version does not check proofs", "use formula or script")
            return None
        case _:
            remedy = near(kind, ("formula", "script")) or "use formula or script"
            table.report("kind", "unknown-kind", f"there is no kind {kind[:40]!r}", remedy)
            return None
    table.close()
    return found
