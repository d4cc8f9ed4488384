# /// assay
# about = "the last line of a file of numbers"
# inputs = { "numbers.txt" = "numbers" }
# digits = 4
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
value = float((INPUT / "numbers.txt").read_text().split()[-1])

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
