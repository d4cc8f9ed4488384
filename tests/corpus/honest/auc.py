# /// assay
# about = "area under the ROC curve by ranks"
# inputs = { "binary.csv" = "binary" }
# digits = 3
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
rows = [row.split(",") for row in (INPUT / "binary.csv").read_text().splitlines()[1:]]
pos = [float(p) for t, p in rows if t != "0"]
neg = [float(p) for t, p in rows if t == "0"]
value = sum((a > b) + 0.5 * (a == b) for a in pos for b in neg) / (len(pos) * len(neg))

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
