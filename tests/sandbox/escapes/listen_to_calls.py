# attack: seccomp as a weapon: answering the system calls of other programs in their place
# stopped by: filter
# expect: contained
# control: succeeds
import ctypes

from attack import report_calls

GET_NOTIFICATION_SIZES = 3
report_calls(("seccomp", GET_NOTIFICATION_SIZES, 0, ctypes.create_string_buffer(16)))
