# /// assay
# about = "correlation of a series with itself a step later"
# inputs = { "walk.csv" = "series" }
# digits = 2
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
levels = [float(r.split(",")[1]) for r in (INPUT / "walk.csv").read_text().splitlines()[1:]]
steps = [b - a for a, b in zip(levels, levels[1:])]
m = sum(steps) / len(steps)
value = sum((a - m) * (b - m) for a, b in zip(steps, steps[1:])) / sum((a - m) ** 2 for a in steps)

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
