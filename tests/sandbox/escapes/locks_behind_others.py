# attack: record locks without end, behind so many others that whoever lists them is late for everything else
# stopped by: lock limit
# expect: memory
# note: record locks were held at once
# control: succeeds
import fcntl
import os
import tempfile
import time

from attack import report

processors = os.sched_getaffinity(0)
reader, writer = os.pipe()
go_on, end = os.pipe()
with tempfile.TemporaryDirectory() as folder:
    for number in range(12):
        if os.fork() == 0:
            os.close(end)
            held = [os.open(f"{folder}/{number}-{file}", os.O_CREAT | os.O_RDWR) for file in range(900)]
            if os.fork() == 0:  # a number that is nobody's afterwards
                os.sched_setaffinity(0, {min(processors)})  # whose list comes first
                for descriptor in held:
                    fcntl.flock(descriptor, fcntl.LOCK_SH)
                os._exit(0)
            os.wait()
            os.write(writer, b"x")
            os.read(go_on, 1)
            os._exit(0)
    for _ in range(12):
        os.read(reader, 1)
    os.sched_setaffinity(0, {max(processors)})
    with tempfile.TemporaryFile() as file:
        for number in range(9000):
            fcntl.lockf(file, fcntl.LOCK_EX, 1, 2 * number)
        time.sleep(5)
report(True, "9000 locks, unseen")
