# attack: a number that is none, and compares with nothing
# stopped by: strict reader
# expect: refused
# control: succeeds
import os

open(os.environ["ASSAY_RESULT"], "w").write('{"escaped": true, "gain": NaN}')
