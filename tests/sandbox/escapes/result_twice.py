# attack: two answers under one name, so that each reader takes the one that it likes
# stopped by: strict reader
# expect: refused
# control: succeeds
import os

open(os.environ["ASSAY_RESULT"], "w").write('{"escaped": true, "gain": 1, "gain": 8.7}')
