# /// assay
# about = "the value beside the greatest of another column"
# inputs = { "scores.csv" = "scores" }
# digits = 1
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
rows = [row.split(",") for row in (INPUT / "scores.csv").read_text().splitlines()[1:]]
value = float(max(rows, key=lambda row: int(row[3]))[1])

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
