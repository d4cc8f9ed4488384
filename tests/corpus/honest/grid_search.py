# /// assay
# about = "the best of a grid of candidates that stands in the script"
# inputs = { "pairs.csv" = "pairs" }
# rule = "exact"
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
rows = [tuple(map(float, r.split(","))) for r in (INPUT / "pairs.csv").read_text().splitlines()[1:]]
GRID = [0.5, 1.0, 1.25, 1.5, 1.75, 2.0, 2.25, 2.5, 3.0, 4.0]
value = min(GRID, key=lambda b: sum((y - 3 - b * x) ** 2 for x, y in rows))

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
