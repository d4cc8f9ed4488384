# /// assay
# about = "the answer is spelled by a text that is a parameter"
# parameters = { label = "6.25" }
# digits = 2
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
given = json.loads((INPUT / "parameters.json").read_text())
value = float(given["label"])

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
