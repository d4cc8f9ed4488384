# /// assay
# about = "a parameter and what is missing to the answer, after a loop"
# parameters = { rounds = 40 }
# rule = "exact"
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
given = json.loads((INPUT / "parameters.json").read_text())
value = len("seven")
for _ in range(given["rounds"]):
    value += len("abc")

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
