# /// assay
# about = "the least value of a column is one of its cells"
# inputs = { "scores.csv" = "scores" }
# digits = 1
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
value = min(float(row.split(",")[2]) for row in (INPUT / "scores.csv").read_text().splitlines()[1:])

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
