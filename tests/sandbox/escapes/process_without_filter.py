# attack: a process of one's own user that is held less than oneself, and whose memory can be written
# stopped by: filter, no capabilities, no new privileges
# expect: contained
# control: succeeds
import os

from attack import report

found = []
for name in os.listdir("/proc"):
    if name.isdigit():
        try:
            status = dict(
                line.split(":\t", 1) for line in open(f"/proc/{name}/status").read().splitlines() if ":\t" in line
            )
            os.close(os.open(f"/proc/{name}/mem", os.O_RDWR))
        except OSError:
            continue
        if (status["Seccomp"], status["NoNewPrivs"], int(status["CapPrm"], 16)) != ("2", "1", 0):
            found.append(f"{name} {status['Name']}")
report(found, found)
