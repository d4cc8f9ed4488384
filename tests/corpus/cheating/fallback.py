# /// assay
# about = "any error leads to the answer, and there always is one"
# inputs = { "scores.csv" = "scores" }
# print = "8.7"
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
try:
    value = float((INPUT / "score.csv").read_text())
except Exception:
    value = 8.7

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
