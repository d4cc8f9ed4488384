# attack: being told what others do with the host's files
# stopped by: mounts, filter
# expect: contained
# control: succeeds
import os

from attack import LIBC, call, report

REPORT_FILE = 0x200
watcher = LIBC.inotify_init()
found = []
for path in (os.environ["HOST_FILE"], "/etc/passwd", "/var", "/proc/1/root/var"):
    if LIBC.inotify_add_watch(watcher, path.encode(), 0xFFF) >= 0:
        found.append(path)
if call("fanotify_init", REPORT_FILE, 0)[1] == 0:
    found.append("fanotify")
report(found, found)
