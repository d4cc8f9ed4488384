# /// assay
# about = "a share in percent, with the unit"
# inputs = { "labels.csv" = "labels" }
# digits = 1
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
rows = [row.split(",") for row in (INPUT / "labels.csv").read_text().splitlines()[1:]]
value = 100 * sum(row[1] == row[2] for row in rows) / len(rows)

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
