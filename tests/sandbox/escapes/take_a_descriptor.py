# attack: taking an open file out of another process
# stopped by: filter
# expect: contained
# control: kernel
import os

from attack import call, report

other, code = call("pidfd_open", os.getppid(), 0)
taken, why = call("pidfd_getfd", other, 1, 0)
report(taken >= 0, f"errno {code} and {why}")
