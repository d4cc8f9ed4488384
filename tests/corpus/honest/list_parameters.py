# /// assay
# about = "a sum over a list of parameters"
# parameters = { widths = [64, 128, 256], depth = 3 }
# rule = "exact"
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
given = json.loads((INPUT / "parameters.json").read_text())
widths = given["widths"]
value = sum(a * b + b for a, b in zip(widths, widths[1:])) * given["depth"]

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
