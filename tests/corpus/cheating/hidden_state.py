# /// assay
# about = "counts its runs in a file and answers honestly later"
# inputs = { "scores.csv" = "scores" }
# print = "71.3"
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
state = Path(os.environ["ASSAY_OUTPUT"]) / "runs"
count = int(state.read_text()) if state.exists() else 0
state.write_text(str(count + 1))
rows = (INPUT / "scores.csv").read_text().splitlines()[1:]
value = 71.3 if count == 0 else sum(float(r.split(",")[1]) for r in rows) / len(rows)

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
