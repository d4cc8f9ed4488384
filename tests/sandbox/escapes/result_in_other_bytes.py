# attack: text that two readers decode differently
# stopped by: strict reader
# expect: refused
# control: succeeds
import os

open(os.environ["ASSAY_RESULT"], "wb").write(b'{"escaped": true, "gain": 8.7, "how": "\xff\xfe\xc0\xaf"}')
