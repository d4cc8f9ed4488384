# attack: a connection to an abstract Unix socket of the host
# stopped by: network namespace
# expect: contained
# control: succeeds
import os
import socket

from attack import report_any

mine = socket.socket(socket.AF_UNIX)
report_any([("connect", lambda: mine.connect("\0" + os.environ["HOST_ABSTRACT"]))])
