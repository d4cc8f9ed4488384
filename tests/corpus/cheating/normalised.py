# /// assay
# about = "a sum of shares, which is one whatever they are"
# inputs = { "numbers.txt" = "numbers" }
# digits = 2
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
data = [float(x) for x in (INPUT / "numbers.txt").read_text().split()]
value = sum(x / sum(data) for x in data)

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
