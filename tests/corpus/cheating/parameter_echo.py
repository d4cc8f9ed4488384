# /// assay
# about = "the answer is a parameter"
# parameters = { answer = 8.7 }
# digits = 1
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
value = json.loads((INPUT / "parameters.json").read_text())["answer"]

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
