# /// assay
# about = "a label: which of two systems is ahead on average"
# inputs = { "scores.csv" = "scores" }
# rule = "exact"
# metrics = ["ahead"]
# ///
import csv, json, os

with open(os.path.join(os.environ["ASSAY_INPUT"], "scores.csv")) as f:
    rows = list(csv.DictReader(f))
gap = sum(float(row["f1"]) - float(row["em"]) for row in rows)
with open(os.environ["ASSAY_RESULT"], "w") as out:
    json.dump({"ahead": "f1" if gap > 0 else "em"}, out)
