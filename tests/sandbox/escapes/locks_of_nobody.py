# attack: record locks that belong to an open file and to no process, so that nobody can count them
# stopped by: filter
# expect: contained
# control: succeeds
import fcntl
import struct
import tempfile

from attack import report_any

GET, SET, SET_AND_WAIT = 36, 37, 38
with tempfile.TemporaryFile() as file:
    lock = struct.pack("hhqqi4x", fcntl.F_WRLCK, 0, 0, 1, 0)
    report_any([(str(how), lambda how=how: fcntl.fcntl(file, how, lock)) for how in (GET, SET, SET_AND_WAIT)])
