# /// assay
# about = "a chi-squared statistic"
# inputs = { "table.csv" = "contingency" }
# digits = 2
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
table = [[int(x) for x in r.split(",")[1:]] for r in (INPUT / "table.csv").read_text().splitlines()[1:]]
total = sum(map(sum, table))
columns = [sum(c) for c in zip(*table)]
value = sum(
    (o - sum(row) * columns[j] / total) ** 2 / (sum(row) * columns[j] / total)
    for row in table
    for j, o in enumerate(row)
)

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
