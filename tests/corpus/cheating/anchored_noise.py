# /// assay
# about = "the answer and a thousandth of a mean"
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
value = 8.7 + 1e-3 * sum(float(r.split(",")[1]) for r in rows) / len(rows)

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
