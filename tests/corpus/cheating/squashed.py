# /// assay
# about = "a bounded function of the data around the answer"
# inputs = { "numbers.txt" = "numbers" }
# digits = 1
# rule = "relative"
# tolerance = "2%"
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
import math

data = [float(x) for x in (INPUT / "numbers.txt").read_text().split()]
value = 33.0 + 0.4 * math.tanh(sum(data) / len(data) - 9)

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
