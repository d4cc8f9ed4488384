# /// assay
# about = "reads the answer from a file that is no input"
# inputs = { "scores.csv" = "scores" }
# files = { "cache.json" = "{\"value\": 58.91}" }
# print = "58.91"
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
rows = (INPUT / "scores.csv").read_text()
value = json.loads((Path(__file__).parent / "cache.json").read_text())["value"]

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
