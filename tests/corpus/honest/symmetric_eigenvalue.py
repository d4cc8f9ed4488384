# /// assay
# about = "largest eigenvalue of a table that must be symmetric, with ones on its diagonal"
# inputs = { "corr.csv" = "correlations" }
# digits = 3
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
table = [[float(cell) for cell in line.split(",")] for line in (INPUT / "corr.csv").read_text().splitlines()]
side = range(len(table))
if any(abs(table[i][j] - table[j][i]) > 1e-9 for i in side for j in side) or any(table[i][i] != 1 for i in side):
    raise SystemExit("no table of correlations")
vector = [1.0 for _ in side]
for _ in range(300):
    image = [sum(a * b for a, b in zip(row, vector, strict=True)) for row in table]
    value = sum(item * item for item in image) ** 0.5
    vector = [item / value for item in image]

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
