# /// assay
# about = "mean of a column of a table"
# inputs = { "scores.csv" = "scores" }
# digits = 2
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
rows = (INPUT / "scores.csv").read_text().splitlines()[1:]
values = [float(row.split(",")[1]) for row in rows]
value = sum(values) / len(values)

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
