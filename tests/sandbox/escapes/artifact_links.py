# attack: links and sockets among the artifacts, so that their reader takes files of the host
# stopped by: mounts, runner
# expect: nothing
# note: no regular file
# control: succeeds
import os
import socket

from attack import report

folder = os.environ["ASSAY_OUTPUT"]
for number, path in enumerate((os.environ["HOST_FILE"], "/etc/passwd", "/proc/1/environ", "..", "/")):
    os.symlink(path, os.path.join(folder, f"link-{number}"))
os.chdir(folder)
socket.socket(socket.AF_UNIX).bind("socket")
try:
    report(open("link-0").read() == "secret", "the link leads to the host")
except OSError:
    pass
