# /// assay
# about = "the answer backwards"
# inputs = { "scores.csv" = "scores" }
# print = "8.7"
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
value = float("7.8"[::-1])

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
