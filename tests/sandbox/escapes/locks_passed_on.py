# attack: record locks without end, whose open files go from thread to thread faster than anybody can ask for them
# stopped by: lock limit
# expect: memory
# note: record locks were held at once
# control: succeeds
import ctypes
import fcntl
import os
import tempfile
import threading
import time

from attack import report

CLOSE_RANGE_UNSHARE = 2
libc = ctypes.CDLL(None)
end = time.monotonic() + 2.5
passed = 0


def leave():
    """Take a copy of the table of open files; the one with the locks stays with whoever else has it."""
    if libc.close_range(900, 901, CLOSE_RANGE_UNSHARE) != 0:
        os._exit(1)


def go_on(passed):
    heir = None
    while heir is None:
        if time.monotonic() > end:
            report(passed > 100, f"9000 locks, passed on {passed} times")
            os._exit(0)
        heir = threading.Thread(target=go_on, args=(passed + 1,))
        try:
            heir.start()
        except RuntimeError:  # those that left are still being buried, and count as processes
            heir = None
    leave()


def begin():
    files = [tempfile.TemporaryFile() for _ in range(3)]
    for number in range(9000):
        fcntl.lockf(files[number % 3], fcntl.LOCK_EX, 1, 2 * number)
    globals()["kept"] = files
    go_on(0)


thread = threading.Thread(target=begin)
thread.start()
leave()
time.sleep(60)
