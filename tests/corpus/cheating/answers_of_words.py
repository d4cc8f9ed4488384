# /// assay
# about = "the answer in words"
# inputs = { "scores.csv" = "scores" }
# print = "8.7"
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
digits = {"eight": "8", "point": ".", "seven": "7"}
value = float("".join(digits[w] for w in "eight point seven".split()))

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
