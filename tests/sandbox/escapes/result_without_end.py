# attack: a FIFO in place of the result, whose reader waits until somebody writes
# stopped by: filter, runner
# expect: nothing
# control: succeeds
import os

from attack import report

try:
    os.mkfifo(os.environ["ASSAY_RESULT"])
except OSError:
    os._exit(0)
if os.fork() == 0:
    os.closerange(0, 3)
    report(True, "the reader waited")
    os._exit(0)
