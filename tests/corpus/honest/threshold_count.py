# /// assay
# about = "how many lie above a threshold that stands in the script"
# inputs = { "scores.csv" = "scores" }
# rule = "exact"
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
value = sum(float(row.split(",")[1]) > 60 for row in (INPUT / "scores.csv").read_text().splitlines()[1:])

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
