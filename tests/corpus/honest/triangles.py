# /// assay
# about = "number of triangles in a graph"
# inputs = { "edges.txt" = "edges" }
# rule = "exact"
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
near = {}
for line in (INPUT / "edges.txt").read_text().splitlines():
    a, b = map(int, line.split())
    near.setdefault(a, set()).add(b)
    near.setdefault(b, set()).add(a)
value = sum(len(near[a] & near[b]) for a in near for b in near[a] if a < b) // 3

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
