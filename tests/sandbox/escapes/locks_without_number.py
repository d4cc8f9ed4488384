# attack: record locks without end, which are memory of the kernel; it stops at 9000, to be safe without a box
# stopped by: lock limit
# expect: memory
# note: record locks were held at once
# control: succeeds
import fcntl
import tempfile
import time

from attack import report

with tempfile.TemporaryFile() as file:
    for number in range(9000):
        fcntl.lockf(file, fcntl.LOCK_EX, 1, 2 * number)
    time.sleep(0.5)
report(True, "9000 locks")
