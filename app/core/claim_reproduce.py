"""Reading `[reproduce]`: a formula over printed values, a script over its inputs and parameters, or a proof."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.core.checkers import CHECKERS
from app.core.claim_formula import read_formula
from app.core.claim_lean4 import read_lean4
from app.core.claim_metamath import read_metamath
from app.core.claim_reader import near
from app.core.claim_script import read_script
from app.core.claim_seeds import LEAST
from app.core.model import Rule

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from app.core.claim import Policy
    from app.core.claim_reader import Table
    from app.core.model import Expectation, Formula, Lean4, Metamath, Script

KINDS = ("formula", "script", *CHECKERS)


def read_reproduce(
    document: Table, files: Collection[str] | None, policy: Policy, expect: Sequence[Expectation]
) -> Formula | Script | Lean4 | Metamath | None:
    """Return the `[reproduce]` of a claim document.

    Args:
        document: the whole document.
        files: every path of the bundle; None for a JSON body, which has none.
        policy: the environments and assets that there are.
        expect: what the document expects, as far as it is readable.

    """
    table = document.table("reproduce", required=True)
    if table is None:
        return None
    kind = table.text("kind", required=True, longest=20)
    match kind:
        case "formula":
            found: Formula | Script | Lean4 | Metamath | None = read_formula(table, document)
            _refuse_seed_rules(document, expect)
        case "script":
            found = read_script(table, files, policy, {item.rule for item in expect})
        case "lean4":
            found = read_lean4(table, files, policy.environments)
        case "metamath":
            found = read_metamath(table, files)
        case None:
            return None
        case _:
            remedy = near(kind, KINDS) or "use formula, script, lean4 or metamath"
            table.report("kind", "unknown-kind", f"there is no kind {kind[:40]!r}", remedy)
            return None
    table.close()
    return found


def _refuse_seed_rules(document: Table, expect: Sequence[Expectation]) -> None:
    """Report the rules that weigh a spread: a formula has none, and under `direction` its inputs' rounding stands for it."""
    for item in expect:
        if item.rule in LEAST.keys() - {Rule.DIRECTION}:
            detail = f"the rule {item.rule} weighs the spread of seeds, and the formula of {item.metric!r} has none"
            remedy = 'use rule = "rounding" or "absolute", or a script'
            document.report("expect", "rule-needs-seeds", detail, remedy)
