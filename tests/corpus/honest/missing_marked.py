# /// assay
# about = "mean of the valid readings, where -999.0 marks a missing one"
# inputs = { "readings.csv" = "missing" }
# digits = 2
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
values = [float(r.split(",")[1]) for r in (INPUT / "readings.csv").read_text().splitlines()[1:]]
valid = [v for v in values if v != -999.0]
value = sum(valid) / len(valid)

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
