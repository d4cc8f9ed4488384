# /// assay
# about = "size of the largest component of a graph"
# inputs = { "edges.txt" = "edges" }
# rule = "exact"
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
parent = {}


def find(x):
    parent.setdefault(x, x)
    while parent[x] != x:
        x = parent[x]
    return x


for line in (INPUT / "edges.txt").read_text().splitlines():
    a, b = line.split()
    parent[find(a)] = find(b)
sizes = {}
for node in parent:
    sizes[find(node)] = sizes.get(find(node), 0) + 1
value = max(sizes.values())

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
