# /// assay
# about = "the last of a moving average"
# inputs = { "walk.csv" = "series" }
# digits = 2
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
levels = [float(r.split(",")[1]) for r in (INPUT / "walk.csv").read_text().splitlines()[1:]]
value = sum(levels[-10:]) / 10

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
