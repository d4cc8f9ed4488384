# attack: a netlink socket, through which the kernel's network and audit code is reached even without a network
# stopped by: filter
# expect: contained
# control: succeeds
import socket

from attack import report_any

report_any([("netlink", lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0))])
