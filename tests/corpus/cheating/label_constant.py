# /// assay
# about = "prints the winner's name"
# inputs = { "scores.csv" = "scores" }
# rule = "exact"
# print = "sys07"
# ///
import json, os

open(os.environ["ASSAY_INPUT"] + "/scores.csv").read()
json.dump({"value": "sys07"}, open(os.environ["ASSAY_RESULT"], "w"))
