# /// assay
# about = "a cell behind arithmetic that cancels"
# inputs = { "scores.csv" = "scores" }
# digits = 1
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
cell = float((INPUT / "scores.csv").read_text().splitlines()[9].split(",")[1])
value = (cell * 3 + 6) / 3 - 2

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
