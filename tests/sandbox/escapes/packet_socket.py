# attack: packet and raw sockets
# stopped by: filter, no capabilities
# expect: contained
# control: root
import socket

from attack import report_any

report_any(
    [
        ("packet", lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 3)),
        ("raw", lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, 1)),
    ]
)
