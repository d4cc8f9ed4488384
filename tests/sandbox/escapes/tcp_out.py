# attack: a TCP connection to the host's own outward address
# stopped by: filter, network namespace
# expect: contained
# control: succeeds
import os
import socket

from attack import report_any

address, port = os.environ["HOST_ADDRESS"], int(os.environ["HOST_TCP"])
report_any([("connect", lambda: socket.create_connection((address, port), 2))])
