# /// assay
# about = "pi by a series within one percent, from a parameter"
# parameters = { terms = 4000 }
# digits = 2
# rule = "relative"
# tolerance = "1%"
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
n = json.loads((INPUT / "parameters.json").read_text())["terms"]
value = 4 * sum((-1) ** k / (2 * k + 1) for k in range(n))

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
