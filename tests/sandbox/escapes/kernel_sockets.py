# attack: sockets of the kernel's cryptography, of virtual machines, of keys and of radio, each of its own kind
# stopped by: filter
# expect: contained
# control: kernel
import errno
import socket

from attack import report

REFUSED = {errno.EPERM, errno.EACCES}
kinds = {"ALG": (38, 5, 0), "VSOCK": (40, 1, 0), "KEY": (15, 3, 2), "BLUETOOTH": (31, 3, 1), "NETLINK": (16, 3, 16)}
kinds |= {"PACKET": (17, 3, 0), "CAN": (29, 3, 1), "QIPCRTR": (42, 2, 0), "XDP": (44, 3, 0), "RDS": (21, 5, 0)}
found = []
for name, kind in kinds.items():
    try:
        socket.socket(*kind).close()
        found.append(name)
    except OSError as error:
        found += [f"{name} got as far as {error}"] if error.errno not in REFUSED else []
report(found, found)
