"""How often do two cells of a results table differ by a given number, or nearly so?"""

from __future__ import annotations

import csv
import json
import os
from decimal import Decimal
from itertools import combinations
from pathlib import Path

inputs = Path(os.environ["ASSAY_INPUT"])
parameters = json.loads((inputs / "parameters.json").read_text(), parse_float=Decimal)
target = parameters["target"]
margin = parameters["tolerance"] * target


def differences(numbers: list[Decimal]) -> list[Decimal]:
    return [abs(one - other) for one, other in combinations(numbers, 2)]


def hits(found: list[Decimal]) -> int:
    return sum(difference == target for difference in found)


def near(found: list[Decimal]) -> int:
    return sum(abs(difference - target) <= margin for difference in found)


with (inputs / "cells.csv").open(newline="", encoding="utf-8") as file:
    rows = [[Decimal(cell) for cell in row[1:]] for row in list(csv.reader(file))[1:]]
anywhere = differences([cell for row in rows for cell in row])
in_column = [difference for column in zip(*rows, strict=True) for difference in differences(list(column))]

tenth = Decimal("0.1")
reached = set(anywhere)
steps = 0
while (steps + 1) * tenth in reached:
    steps += 1

result = {
    "pairs": len(anywhere),
    "hits": hits(anywhere),
    "near": near(anywhere),
    "near_share": 100 * near(anywhere) / len(anywhere),
    "column_pairs": len(in_column),
    "column_hits": hits(in_column),
    "column_near": near(in_column),
    "every_up_to": float(steps * tenth),
}
Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps(result))
