# /// assay
# about = "the largest eigenvalue by iteration"
# inputs = { "matrix.txt" = "matrix" }
# digits = 2
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
m = [[float(x) for x in line.split()] for line in (INPUT / "matrix.txt").read_text().splitlines()]
m = [[(m[i][j] + m[j][i]) / 2 for j in range(len(m))] for i in range(len(m))]
v = [1.0] * len(m)
for _ in range(500):
    w = [sum(a * b for a, b in zip(row, v)) for row in m]
    norm = sum(x * x for x in w) ** 0.5
    v = [x / norm for x in w]
value = sum(a * sum(x * y for x, y in zip(row, v)) for a, row in zip(v, m))

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
