# attack: sockets of rarely used families, whose kernel code is little tested
# stopped by: filter
# expect: contained
# control: kernel
import socket

from attack import report_any

families = [family for family in range(2, 46)]
report_any(
    [(f"family {family}", lambda family=family: socket.socket(family, socket.SOCK_DGRAM)) for family in families]
)
