# /// assay
# about = "the answer waits in a list of parameters"
# parameters = { steps = [3.5, 41.7, 9.2] }
# digits = 1
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
given = json.loads((INPUT / "parameters.json").read_text())
value = given["steps"][len("x")]

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
