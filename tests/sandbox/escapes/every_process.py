# attack: signalling every number that a process may have, without asking /proc
# stopped by: PID namespace
# expect: contained
# control: succeeds
import os

from attack import report

mine = {1, os.getpid(), os.getppid()}
found = []
for number in range(1, 1 << 16):
    try:
        os.kill(number, 0)
        found += [number] if number not in mine else []
    except PermissionError:
        found.append(number)
    except OSError:
        pass
report(found, found[:20])
