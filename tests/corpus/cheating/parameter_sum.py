# /// assay
# about = "the answer is the difference of two parameters"
# parameters = { before = 71.5, after = 80.2 }
# digits = 1
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
given = json.loads((INPUT / "parameters.json").read_text())
value = given["after"] - given["before"]

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
