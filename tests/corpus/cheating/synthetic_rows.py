# /// assay
# about = "a statistic of as many random numbers of its own as the input has rows"
# inputs = { "scores.csv" = "scores" }
# digits = 1
# ///
import csv
import json
import os
import random

with open(os.environ["ASSAY_INPUT"] + "/scores.csv") as file:
    rows = list(csv.DictReader(file))
draw = random.Random(7)
values = [draw.gauss(512, 40) for _ in rows]
with open(os.environ["ASSAY_RESULT"], "w") as file:
    json.dump({"value": sum(values) / len(values)}, file)
