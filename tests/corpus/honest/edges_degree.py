# /// assay
# about = "mean degree of a graph"
# inputs = { "edges.txt" = "edges" }
# digits = 2
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
from collections import Counter

degree = Counter()
for line in (INPUT / "edges.txt").read_text().splitlines():
    degree.update(line.split())
value = sum(degree.values()) / len(degree)

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
