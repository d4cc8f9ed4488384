# /// assay
# about = "a label: the name of the leader"
# inputs = { "scores.csv" = "scores" }
# rule = "exact"
# metrics = ["best"]
# ///
import csv, json, os

with open(os.path.join(os.environ["ASSAY_INPUT"], "scores.csv")) as f:
    best = max(csv.DictReader(f), key=lambda row: float(row["f1"]))
with open(os.environ["ASSAY_RESULT"], "w") as out:
    json.dump({"best": best["system"]}, out)
