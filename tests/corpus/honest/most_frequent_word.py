# /// assay
# about = "a label: the most frequent word"
# inputs = { "prose.txt" = "prose" }
# rule = "exact"
# ///
import json, os
from collections import Counter

text = open(os.environ["ASSAY_INPUT"] + "/prose.txt").read().lower().replace(".", "")
word = Counter(text.split()).most_common(1)[0][0]
json.dump({"value": word}, open(os.environ["ASSAY_RESULT"], "w"))
