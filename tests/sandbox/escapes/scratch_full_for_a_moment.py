# attack: a full scratch that nobody should know of, as the error is swallowed and the space given back at once
# stopped by: runner
# expect: contained
# note: the scratch was full
# control: none, without a box there is no scratch
# limits: scratch_bytes=4194304
import os
import time

from attack import report

path = os.path.join(os.environ["TMPDIR"], "file")
try:
    with open(path, "wb", buffering=0) as file:
        while True:
            file.write(bytes(1 << 16))
except OSError:
    time.sleep(0.05)
os.unlink(path)
report(False, "said all the same")
