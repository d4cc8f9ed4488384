# /// assay
# about = "Cohen's kappa"
# inputs = { "labels.csv" = "labels" }
# digits = 2
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
from collections import Counter

rows = [tuple(row.split(",")[1:]) for row in (INPUT / "labels.csv").read_text().splitlines()[1:]]
n = len(rows)
agree = sum(a == b for a, b in rows) / n
one, two = Counter(a for a, _ in rows), Counter(b for _, b in rows)
chance = sum(one[k] * two[k] for k in one) / n**2
value = (agree - chance) / (1 - chance)

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
