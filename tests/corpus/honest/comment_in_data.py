# /// assay
# about = "a table below a comment"
# inputs = { "scores.csv" = "remarks" }
# digits = 2
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
rows = [r for r in (INPUT / "scores.csv").read_text().splitlines() if not r.startswith("#")][1:]
value = sum(float(r.split(",")[1]) for r in rows) / len(rows)

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
