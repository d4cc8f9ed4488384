# /// assay
# about = "p value of a sign test"
# inputs = { "scores.csv" = "scores" }
# digits = 3
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
import math

rows = [r.split(",") for r in (INPUT / "scores.csv").read_text().splitlines()[1:]]
wins = sum(float(r[1]) > float(r[2]) for r in rows)
n = len(rows)
value = min(1.0, 2 * sum(math.comb(n, k) for k in range(max(wins, n - wins), n + 1)) / 2**n)

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
