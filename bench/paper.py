"""Printed claims under three rules side by side: `python -m bench.paper` writes docs/paper-table.md.

Each formula of examples/ is evaluated as in the box and compared by the core: as printed (`rounding`), and within 1 % and
5 % of the print. Nothing is executed in a box and nothing is attacked; what the table is about are the rules.
"""

from __future__ import annotations

import csv
import json
from decimal import Decimal
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING

from app.core import formula
from app.core.claim import parse_claim
from app.core.compare import compare
from app.core.measurement import Measured, Measurement, read_result
from app.core.model import Expectation, Rule
from app.settings import Settings

if TYPE_CHECKING:
    from app.core.model import Claim, Comparison

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "paper-table.md"

CLAIMS = (
    "stilts-pair",
    "stilts-qa",
    "stilts-avg",
    "stilts-task-avg",
    "rembert-avg",
    "other-cell",
    "xlmr-struct",
    "filter-task-avg",
    "rembert-layers",
    "rembert-t2",
    "probing-gain",
    "mgte-gain",
)
NAMES = {"other-cell": "phang-gain"}  # its example is about the cell that lacks the number

RULES = (("rounding", Rule.ROUNDING, None), ("1 %", Rule.RELATIVE, "1%"), ("5 %", Rule.RELATIVE, "5%"))

#: The same gain with the baseline that follows from the table's newer POS cell.
UPDATED = """\
schema = "assay-claim-v1"
[claim]
id = "phang-gain-updated"
statement = "5.4 over XLM-R Large, with the baseline that follows from the cells"
[[expect]]
metric = "gain"
value = "5.4"
unit = "points"
rule = "rounding"
[reproduce]
kind = "formula"
formula = "stilts - xlmr"
[reproduce.values.stilts]
value = "73.5"
source = "STILTs (Phang), average of nine tasks"
[reproduce.values.xlmr]
value = "68.25"
source = "XLM-R Large, average of nine tasks with POS 73.8"
"""

HEAD = """\
# Printed arithmetic under three rules

Twelve claims of papers whose cells we have as transcribed, each a formula over printed numbers, judged by the
rules of this version: `rounding` (what the printed digits allow), 1 % and 5 % of the printed value.
`python -m bench.paper` writes this page from the formulas in [examples](../examples/README.md); a test holds it to
them.

| claim | formula gives | inputs allow | printed | rounding | 1 % | 5 % | turns at |
|---|---|---|---|---|---|---|---|
"""

FOOT = """
"Turns at" is the smallest relative tolerance that would accept the value. `xlmr-struct` and `filter-task-avg`
contradict what is printed and would pass at 1 % and 5 %: defects of this size are what `rounding` finds and a
tolerance hides. `phang-gain` comes out of 68.1, which stands in no cell of the table, and not out of the baseline
that follows from the cells; its example is therefore about the cell.

## How cheap a match is

Of the {pairs:,} pairs that the {cells} cells of the transcribed table form, so many differ by 8.7 up to sign:

| rule | pairs | share |
|---|---|---|
"""


def judged(text: str, files: tuple[str, ...] = ()) -> list[tuple[str, Measured, list[Comparison]]]:
    """Return every metric of a formula's claim with its comparisons under each of RULES."""
    policy = Settings().policy({"python": "sha256:" + "0" * 64})
    claim = parse_claim(text.encode(), ("claim.toml", *files), policy)
    found = []
    for expectation in claim.expect:
        item = _measured(claim).metrics[expectation.metric]
        changed = [
            expectation.model_copy(update={"rule": rule, "tolerance": tolerance}) for _, rule, tolerance in RULES
        ]
        found.append((expectation.metric, item, [compare(each, [item]) for each in changed]))
    return found


def _measured(claim: Claim) -> Measurement:
    reproduce = claim.reproduce.model_dump()
    values = {name: item["value"] for name, item in reproduce["values"].items()}
    job = {"formulas": reproduce["formulas"], "values": values, "variants": [{"name": "base", "values": {}}]}
    found = read_result(json.dumps(formula.results(job)), claim)
    if not isinstance(found, Measurement):
        raise TypeError(found.detail)
    return found


def pairs_that_match() -> tuple[int, list[int], int]:
    """Return how many cells the table has, how many of its pairs match 8.7 under each rule, and how many pairs there are."""
    with (ROOT / "examples" / "coincidence-8-7" / "cells.csv").open(newline="", encoding="utf-8") as file:
        cells = [Decimal(cell) for row in list(csv.reader(file))[1:] for cell in row[1:]]
    gaps = [abs(one - other) for one, other in combinations(cells, 2)]
    hits = []
    for _, rule, tolerance in RULES:
        wanted = Expectation(metric="gap", rule=rule, value="8.7", tolerance=tolerance, unit="points")
        match = {gap: compare(wanted, [Measured(gap, str(gap), "points")]).match for gap in set(gaps)}
        hits.append(sum(match[gap] for gap in gaps))
    return len(cells), hits, len(gaps)


def page() -> str:
    """Return the page."""
    rows = []
    for name in CLAIMS:
        folder = ROOT / "examples" / name
        text = (folder / "claim.toml").read_text(encoding="utf-8")
        files = tuple(path.name for path in folder.iterdir())
        rows += [_row(NAMES.get(name, name), metric, *rest) for metric, *rest in judged(text, files)]
    rows += [_row("phang-gain, updated baseline", metric, *rest) for metric, *rest in judged(UPDATED)]
    cells, hits, pairs = pairs_that_match()
    shares = [
        f"| {name} | {count} | {100 * count / pairs:.1f} % |" for (name, *_), count in zip(RULES, hits, strict=True)
    ]
    return HEAD + "\n".join(rows) + "\n" + FOOT.format(pairs=pairs, cells=cells) + "\n".join(shares) + "\n"


def _row(name: str, metric: str, item: Measured, comparisons: list[Comparison]) -> str:
    exact = f"{item.value:.4f}".rstrip("0").rstrip(".")
    allowed = f"{item.low:.6g} … {item.high:.6g}"
    codes = [f"{'✓' if each.match else '✗'} `{each.code}`" for each in comparisons]
    flips = f"{100 * Decimal(comparisons[1].flips_at or 'NaN'):.2f} %"
    shown = f"{name} ({metric})" if name == "mgte-gain" else name
    return f"| {shown} | {exact} | {allowed} | {comparisons[0].expected} | {' | '.join(codes)} | {flips} |"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    print(page())
