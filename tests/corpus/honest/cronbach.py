# /// assay
# about = "Cronbach's alpha of a questionnaire"
# inputs = { "ratings.csv" = "ratings" }
# digits = 2
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
import statistics

rows = [[int(x) for x in r.split(",")[1:]] for r in (INPUT / "ratings.csv").read_text().splitlines()[1:]]
items = list(zip(*rows))
k = len(items)
value = k / (k - 1) * (1 - sum(map(statistics.variance, items)) / statistics.variance([sum(r) for r in rows]))

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
