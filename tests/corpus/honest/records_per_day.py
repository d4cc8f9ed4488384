# /// assay
# about = "how many records were taken a day"
# inputs = { "scores.csv" = "scores" }
# digits = 2
# ///
import json
import os
from pathlib import Path

DAYS = 7
lines = Path(os.environ["ASSAY_INPUT"], "scores.csv").read_text().splitlines()
Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": (len(lines) - 1) / DAYS}))
