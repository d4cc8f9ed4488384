# /// assay
# about = "the margin of error of a share in a sample, in points, from its size alone"
# inputs = { "scores.csv" = "scores" }
# digits = 2
# ///
import csv
import json
import math
import os

with open(os.environ["ASSAY_INPUT"] + "/scores.csv") as file:
    size = sum(1 for _ in csv.DictReader(file))
value = 100 * 1.96 * math.sqrt(0.25 / (size - 1))
with open(os.environ["ASSAY_RESULT"], "w") as file:
    json.dump({"value": value}, file)
