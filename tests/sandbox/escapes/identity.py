# attack: which host this is, by name, machine id, /sys and the kernel's own files
# stopped by: mounts, UTS namespace
# expect: contained
# control: succeeds
import os

from attack import report

found = []
if os.environ["HOST_NAME"] in (os.uname().nodename, open("/proc/sys/kernel/hostname").read().strip()):
    found.append("hostname")
for path in ("/etc/machine-id", "/etc/hostname", "/sys/class", "/sys/devices", "/sys/fs/cgroup", "/var/log", "/run"):
    if os.path.exists(path):
        found.append(path)
report(found, found)
