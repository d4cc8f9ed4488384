# attack: the message by which the job came, and whatever else waits on standard input
# stopped by: runner, PID namespace
# expect: contained
# control: succeeds
import os

from attack import report

found = []
for path in ("/dev/stdin", "/proc/self/fd/0", f"/proc/{os.getppid()}/fd/0", "/proc/1/fd/0"):
    try:
        held = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        data = os.read(held, 100)
        found += [f"{path}: {data}"] if data else []
    except OSError:
        pass
report(found, found)
