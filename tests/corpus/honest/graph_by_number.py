# /// assay
# about = "mean distance in a graph whose nodes are numbers up to how many there are"
# inputs = { "g.txt" = "graph" }
# digits = 3
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
lines = (INPUT / "g.txt").read_text().splitlines()
nodes, edges = map(int, lines[0].split())
beside = [[] for _ in range(nodes)]
for line in lines[1 : edges + 1]:
    one, two = map(int, line.split())
    beside[one].append(two)
    beside[two].append(one)
far = []
for start in range(nodes):
    steps, queue = {start: 0}, [start]
    for node in queue:
        for other in beside[node]:
            if other not in steps:
                steps[other] = steps[node] + 1
                queue.append(other)
    far += [step for node, step in steps.items() if node != start]
value = sum(far) / len(far)

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
