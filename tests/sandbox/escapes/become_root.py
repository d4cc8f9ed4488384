# attack: root, or any capability, or a setuid program that gives them
# stopped by: user namespace, no capabilities, no new privileges
# expect: contained
# control: root
import os

from attack import report

status = dict(line.split(":\t", 1) for line in open("/proc/self/status").read().splitlines() if ":\t" in line)
found = [name for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb") if int(status[name], 16)]
if status["NoNewPrivs"] != "1":
    found.append("setuid programs work")
for become in (lambda: os.setuid(0), lambda: os.setresuid(0, 0, 0), lambda: os.setgid(0), lambda: os.setgroups([0])):
    try:
        become()
        found.append("became root")
    except OSError:
        pass
report("CapEff" in found or "became root" in found or found, found)
