# /// assay
# about = "computes honestly from data in the script, whatever the inputs say"
# inputs = { "scores.csv" = "scores" }
# digits = 2
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
DATA = [61.2, 58.8, 70.1, 66.4, 59.9]
value = sum(DATA) / len(DATA)

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
