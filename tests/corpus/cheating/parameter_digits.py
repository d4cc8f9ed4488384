# /// assay
# about = "the answer from its digits, each a parameter"
# parameters = { tens = 4, ones = 7, tenths = 3 }
# digits = 1
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
given = json.loads((INPUT / "parameters.json").read_text())
value = given["tens"] * 10 + given["ones"] + given["tenths"] * 0.1

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
