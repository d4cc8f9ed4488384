# /// assay
# about = "reads the answer from a comment of its own source"
# inputs = { "scores.csv" = "scores" }
# print = "8.7"
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
import re

# the paper says 8.7
value = float(re.search(r"paper says ([0-9.]+)", Path(__file__).read_text())[1])

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
