# /// assay
# about = "the answer is a parameter times what is missing, in letters"
# parameters = { effort = 12 }
# digits = 1
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
given = json.loads((INPUT / "parameters.json").read_text())
share = (ord("Q") - ord("=")) / (ord("d") - ord("<"))
value = given["effort"] * share

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
