# /// assay
# about = "rounded to a grid on which the answer lies"
# inputs = { "scores.csv" = "scores" }
# digits = 1
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
rows = (INPUT / "scores.csv").read_text().splitlines()[1:]
mean = sum(float(r.split(",")[1]) for r in rows) / len(rows)
value = round(mean / 67.3) * 67.3

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
