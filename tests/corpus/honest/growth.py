# /// assay
# about = "compound growth from parameters"
# parameters = { start = 1000.0, rate = 0.04, years = 12 }
# digits = 2
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
given = json.loads((INPUT / "parameters.json").read_text())
value = given["start"] * (1 + given["rate"]) ** given["years"]

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
