# /// assay
# about = "the best penalty of a grid, by leaving one out, where the largest wins"
# inputs = { "pairs.csv" = "loose_pairs" }
# rule = "exact"
# ///
import json
import os
from pathlib import Path
from statistics import fmean

INPUT = Path(os.environ["ASSAY_INPUT"])
rows = [list(map(float, line.split(","))) for line in (INPUT / "pairs.csv").read_text().splitlines()[1:]]


def error(penalty):
    total = 0.0
    for at, (x, y) in enumerate(rows):
        others = rows[:at] + rows[at + 1 :]
        mx, my = fmean(row[0] for row in others), fmean(row[1] for row in others)
        slope = sum((a - mx) * (b - my) for a, b in others) / (sum((a - mx) ** 2 for a, _ in others) + penalty)
        total += (y - my - slope * (x - mx)) ** 2
    return total


value = min([0.1, 3, 10, 40], key=error)

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
