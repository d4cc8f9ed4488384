# /// assay
# about = "mean level over times that must rise"
# inputs = { "trace.csv" = "trace" }
# digits = 3
# ///
import itertools
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
rows = [tuple(map(float, line.split(","))) for line in (INPUT / "trace.csv").read_text().splitlines()[1:]]
steps = list(itertools.pairwise(rows))
if any(after <= before for (before, _), (after, _) in steps):
    raise SystemExit("times must rise")
area = sum((after - before) * (one + two) / 2 for (before, one), (after, two) in steps)
value = area / (rows[-1][0] - rows[0][0])

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
