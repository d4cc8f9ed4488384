# /// assay
# about = "a function in a module of the bundle"
# inputs = { "numbers.txt" = "numbers" }
# files = { "helper.py" = "def gmean(v):\n    import math\n    return math.exp(sum(math.log(x) for x in v) / len(v))\n" }
# digits = 3
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
from helper import gmean

value = gmean([float(x) for x in (INPUT / "numbers.txt").read_text().split()])

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
