# attack: a question by UDP, as a look-up in the DNS would send it, and the wait for its answer
# stopped by: filter, network namespace
# expect: contained
# control: succeeds
import os
import socket

from attack import report_any


def ask():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as question:
        question.settimeout(2)
        question.sendto(
            b"\x13\x37\1\0\0\1\0\0\0\0\0\0\7example\3com\0\0\1\0\1", ("127.0.0.1", int(os.environ["HOST_UDP"]))
        )
        return question.recv(512)


report_any([("udp", ask)])
