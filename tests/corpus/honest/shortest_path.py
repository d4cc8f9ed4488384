# /// assay
# about = "length of a shortest path between two named nodes"
# inputs = { "roads.tsv" = "weighted" }
# digits = 2
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
import heapq

near = {}
for line in (INPUT / "roads.tsv").read_text().splitlines()[1:]:
    a, b, km = line.split("\t")
    near.setdefault(a, []).append((b, float(km)))
    near.setdefault(b, []).append((a, float(km)))
best, waiting = {}, [(0.0, "n1")]
while waiting:
    far, node = heapq.heappop(waiting)
    if node in best:
        continue
    best[node] = far
    for other, km in near[node]:
        heapq.heappush(waiting, (far + km, other))
value = max(best.values())

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
