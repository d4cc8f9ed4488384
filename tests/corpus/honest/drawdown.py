# /// assay
# about = "the largest fall of a series"
# inputs = { "walk.csv" = "series" }
# digits = 2
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
levels = [float(r.split(",")[1]) for r in (INPUT / "walk.csv").read_text().splitlines()[1:]]
top, value = levels[0], 0.0
for level in levels:
    top = max(top, level)
    value = max(value, top - level)

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
