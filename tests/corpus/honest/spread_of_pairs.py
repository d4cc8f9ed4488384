# /// assay
# about = "root of the mean square of differences, rounded by the script"
# inputs = { "pairs.csv" = "pairs" }
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
rows = [r.split(",") for r in (INPUT / "pairs.csv").read_text().splitlines()[1:]]
value = round((sum((float(x) - float(y)) ** 2 for x, y in rows) / len(rows)) ** 0.5, 3)

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
