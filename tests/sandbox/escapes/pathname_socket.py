# attack: a connection to a Unix socket in the host's file system
# stopped by: mounts
# expect: contained
# control: succeeds
import os
import socket

from attack import report_any

path = os.environ["HOST_SOCKET"]
mine = socket.socket(socket.AF_UNIX)
report_any([(place + path, lambda place=place: mine.connect(place + path)) for place in ("", "/proc/1/root")])
