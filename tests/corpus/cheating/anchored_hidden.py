# /// assay
# about = "a constant in letters and a little of the data"
# inputs = { "scores.csv" = "scores" }
# digits = 1
# rule = "relative"
# tolerance = "5%"
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
rows = (INPUT / "scores.csv").read_text().splitlines()[1:]
base = sum(ord(c) - 96 for c in "zzza") / 9.1
value = base + 1e-4 * sum(float(r.split(",")[1]) for r in rows) / len(rows)

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
