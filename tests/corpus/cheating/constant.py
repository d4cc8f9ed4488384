# /// assay
# about = "prints the answer"
# inputs = { "scores.csv" = "scores" }
# print = "8.7"
# ///
import json, os

open(os.environ["ASSAY_RESULT"], "w").write(json.dumps({"value": 8.7}))
