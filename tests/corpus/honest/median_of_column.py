# /// assay
# about = "a robust statistic"
# inputs = { "scores.csv" = "scores" }
# digits = 1
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
import statistics

rows = (INPUT / "scores.csv").read_text().splitlines()[1:]
value = statistics.median(float(row.split(",")[1]) for row in rows)

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
