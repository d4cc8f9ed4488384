# /// assay
# about = "imports the answer"
# inputs = { "scores.csv" = "scores" }
# files = { "settings.py" = "TARGET = 58.91\n" }
# print = "58.91"
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
from settings import TARGET

value = TARGET

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
