# /// assay
# about = "the answer is a constant divided by a parameter"
# parameters = { period = 8 }
# digits = 3
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
given = json.loads((INPUT / "parameters.json").read_text())
cycles = len("turn and turn") - 8
value = cycles / given["period"]

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
