# /// assay
# about = "the answer in hexadecimal"
# inputs = { "scores.csv" = "scores" }
# print = "8.7"
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
value = 0x57 / 0xA

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
