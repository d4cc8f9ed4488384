# /// assay
# about = "the data times nothing"
# inputs = { "scores.csv" = "scores" }
# print = "8.7"
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
rows = (INPUT / "scores.csv").read_text().splitlines()[1:]
value = 8.7 + 0 * sum(float(r.split(",")[1]) for r in rows)

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
