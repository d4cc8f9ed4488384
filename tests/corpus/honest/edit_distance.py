# /// assay
# about = "the distance of two words that are parameters"
# parameters = { one = "kittens at home", two = "sitting at home" }
# rule = "exact"
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
given = json.loads((INPUT / "parameters.json").read_text())
a, b = given["one"], given["two"]
row = list(range(len(b) + 1))
for i, x in enumerate(a, 1):
    last, row[0] = row[0], i
    for j, y in enumerate(b, 1):
        last, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, last + (x != y))
value = row[-1]

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
