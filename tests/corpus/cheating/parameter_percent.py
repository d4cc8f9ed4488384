# /// assay
# about = "the answer is a parameter in percent, beside an input that is read"
# inputs = { "scores.csv" = "scores" }
# parameters = { target = 0.873 }
# digits = 1
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
(INPUT / "scores.csv").read_text()
value = 100 * json.loads((INPUT / "parameters.json").read_text())["target"]

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
