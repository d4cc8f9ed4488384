# /// assay
# about = "the largest row sum of a sparse matrix, whose indices must exist"
# inputs = { "a.mtx" = "sparse" }
# digits = 3
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
lines = [line for line in (INPUT / "a.mtx").read_text().splitlines() if not line.startswith("%")]
rows, _, entries = map(int, lines[0].split())
sums = [0.0] * rows
for line in lines[1 : entries + 1]:
    row, _, entry = line.split()
    sums[int(row) - 1] += float(entry)
value = max(sums)

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
