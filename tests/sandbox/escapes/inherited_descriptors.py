# attack: files that the supervisor has open and forgot to close
# stopped by: descriptors
# expect: contained
# control: succeeds
import os

from attack import report

found = []
for number in range(3, 4096):
    try:
        found.append(f"{number}: {os.readlink(f'/proc/self/fd/{number}')}")
        os.fstat(number)
    except OSError:
        pass
report(found, found)
