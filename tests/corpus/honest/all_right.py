# /// assay
# about = "an accuracy of one hundred percent"
# inputs = { "labels.csv" = "perfect" }
# digits = 1
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
rows = [r.split(",") for r in (INPUT / "labels.csv").read_text().splitlines()[1:]]
value = 100 * sum(r[1] == r[2] for r in rows) / len(rows)

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
