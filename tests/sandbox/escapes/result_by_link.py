# attack: a link in place of the result, so that its reader opens another file
# stopped by: runner
# expect: nothing
# note: no regular file
# control: succeeds
import os

result = os.environ["ASSAY_RESULT"]
open(result + ".other", "w").write('{"escaped": true}')
os.symlink(result + ".other", result)
