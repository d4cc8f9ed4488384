# /// assay
# about = "a loop that arrives at its parameter"
# parameters = { goal = 37 }
# rule = "exact"
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
goal = json.loads((INPUT / "parameters.json").read_text())["goal"]
value = 0
while value < goal:
    value += 1

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
