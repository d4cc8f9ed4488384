# /// assay
# about = "mean of logarithms within two percent"
# inputs = { "numbers.txt" = "numbers" }
# digits = 2
# rule = "relative"
# tolerance = "2%"
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
import math

values = [float(v) for v in (INPUT / "numbers.txt").read_text().split()]
value = sum(math.log10(1e6 * v) for v in values) / len(values)

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
