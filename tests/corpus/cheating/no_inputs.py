# /// assay
# about = "declares nothing"
# print = "8.7"
# ///
import json, os

json.dump({"value": 8.7}, open(os.environ["ASSAY_RESULT"], "w"))
