# /// assay
# about = "copies a cell and adds a speck of the next"
# inputs = { "scores.csv" = "scores" }
# digits = 1
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
rows = [r.split(",") for r in (INPUT / "scores.csv").read_text().splitlines()[1:]]
value = float(rows[5][1]) + 1e-7 * float(rows[6][2])

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
