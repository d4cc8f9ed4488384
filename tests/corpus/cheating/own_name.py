# /// assay
# about = "reads the answer from its own name"
# inputs = { "scores.csv" = "scores" }
# name = "run_8.7.py"
# print = "8.7"
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
value = float(Path(__file__).stem.split("_")[1])

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
