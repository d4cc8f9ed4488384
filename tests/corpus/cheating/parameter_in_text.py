# /// assay
# about = "the answer from a number inside a text that is a parameter"
# parameters = { run = "night-473-final" }
# digits = 1
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
given = json.loads((INPUT / "parameters.json").read_text())
value = int(given["run"].split("-")[1]) / 10

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
