# attack: reading the host's accounts, secrets and homes
# stopped by: mounts
# expect: contained
# control: succeeds
import os

from attack import report_any

paths = [
    "/etc/shadow",
    "/etc/passwd",
    "/root/.bashrc",
    "/root/.profile",
    "/var/lib/dpkg/status",
    "/home",
    "/root",
    "/proc/1/root/etc/passwd",
    os.environ["HOST_FILE"],
]
report_any(
    [
        (path, lambda path=path: os.listdir(path) if path in ("/home", "/root") else open(path, "rb").read(10))
        for path in paths
    ]
)
