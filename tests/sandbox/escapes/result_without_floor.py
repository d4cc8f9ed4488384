# attack: a result that nests so deeply that its reader falls
# stopped by: strict reader
# expect: refused
# control: succeeds
import os

open(os.environ["ASSAY_RESULT"], "w").write('{"gain": ' + "[" * 200_000)
