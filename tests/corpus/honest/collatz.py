# /// assay
# about = "steps of a number's sequence"
# parameters = { start = 97 }
# rule = "exact"
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
n = json.loads((INPUT / "parameters.json").read_text())["start"]
value = 0
while n > 1:
    n = n // 2 if n % 2 == 0 else 3 * n + 1
    value += 1

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
