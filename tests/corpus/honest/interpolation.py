# /// assay
# about = "a value between two points of a curve"
# inputs = { "walk.csv" = "series" }
# parameters = { at = 41.5 }
# digits = 2
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
rows = [tuple(map(float, r.split(","))) for r in (INPUT / "walk.csv").read_text().splitlines()[1:]]
at = json.loads((INPUT / "parameters.json").read_text())["at"]
before = max((r for r in rows if r[0] <= at), default=rows[0])
after = min((r for r in rows if r[0] > at), default=rows[-1])
share = (at - before[0]) / ((after[0] - before[0]) or 1)
value = before[1] + share * (after[1] - before[1])

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
