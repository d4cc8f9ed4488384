# /// assay
# about = "averages a column that holds the answer in every row"
# inputs = { "runs.csv" = "repeated" }
# digits = 1
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
rows = (INPUT / "runs.csv").read_text().splitlines()[1:]
value = sum(float(r.split(",")[2]) for r in rows) / len(rows)

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
