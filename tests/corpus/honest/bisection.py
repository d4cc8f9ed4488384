# /// assay
# about = "a root by bisection to a tolerance"
# parameters = { tolerance = 1e-9 }
# digits = 4
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
limit = json.loads((INPUT / "parameters.json").read_text())["tolerance"]
low, high = 1.0, 2.0
while high - low > limit:
    middle = (low + high) / 2
    if middle**3 - middle - 2 > 0:
        high = middle
    else:
        low = middle
value = (low + high) / 2

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
