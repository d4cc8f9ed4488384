# /// assay
# about = "bounds that are the answer"
# inputs = { "scores.csv" = "scores" }
# digits = 2
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
rows = (INPUT / "scores.csv").read_text().splitlines()[1:]
mean = sum(float(r.split(",")[1]) for r in rows) / len(rows)
value = min(mean, 41.35)

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
