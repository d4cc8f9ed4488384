# /// assay
# about = "a determinant by elimination"
# inputs = { "matrix.txt" = "matrix" }
# digits = 1
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
from fractions import Fraction

m = [[Fraction(x) for x in line.split()] for line in (INPUT / "matrix.txt").read_text().splitlines()]
value = Fraction(1)
for i in range(len(m)):
    j = next(k for k in range(i, len(m)) if m[k][i])
    if j != i:
        m[i], m[j] = m[j], m[i]
        value = -value
    value *= m[i][i]
    for k in range(i + 1, len(m)):
        f = m[k][i] / m[i][i]
        m[k] = [a - f * b for a, b in zip(m[k], m[i])]
value = float(value)

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
