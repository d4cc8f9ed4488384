# attack: record locks without end, in a thread whose process has no open files any more, as its first thread has left
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


def go_on():
    time.sleep(0.3)  # until the first thread is gone
    files = [tempfile.TemporaryFile() for _ in range(3)]
    for number in range(9000):
        fcntl.lockf(files[number % 3], fcntl.LOCK_EX, 1, 2 * number)
    time.sleep(2)
    report(not os.listdir("/proc/self/fd"), "9000 locks, and no open file")
    os._exit(0)


threading.Thread(target=go_on).start()
ctypes.CDLL(None).pthread_exit(None)
