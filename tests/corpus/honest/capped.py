# /// assay
# about = "mean of scores that are capped"
# inputs = { "scores.csv" = "scores" }
# digits = 2
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
rows = (INPUT / "scores.csv").read_text().splitlines()[1:]
f1 = [float(r.split(",")[1]) for r in rows]
mean = sum(f1) / len(f1)
value = sum(min(v, 65) for v in f1) / len(f1)

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
