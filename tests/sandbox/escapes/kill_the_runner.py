# attack: the end of the runner in the middle of a run, so that the service takes it for a fault of its own
# stopped by: judge
# expect: signal 9
# control: none, without a box there is no runner
import os
import time

os.write(2, b"bwrap: Creating new namespace failed\n")
os.kill(os.getppid(), 9)
time.sleep(30)
