# /// assay
# about = "a share of values that equal themselves"
# inputs = { "labels.csv" = "labels" }
# digits = 1
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
rows = (INPUT / "labels.csv").read_text().splitlines()[1:]
value = 100.0 * sum(r == r for r in rows) / len(rows)

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
