# attack: a TCP connection to a service that listens on the host's loopback address
# stopped by: filter, network namespace
# expect: contained
# control: succeeds
import os
import socket

from attack import report_any

port = int(os.environ["HOST_TCP"])
report_any(
    [
        ("IPv4", lambda: socket.create_connection(("127.0.0.1", port), 2)),
        ("IPv6", lambda: socket.create_connection(("::1", port), 2)),
    ]
)
