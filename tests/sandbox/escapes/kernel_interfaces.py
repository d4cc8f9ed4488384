# attack: userfaultfd, io_uring, perf, bpf and secret memory: much kernel code, many old holes
# stopped by: filter
# expect: contained
# control: succeeds
import ctypes

from attack import report_calls

block = ctypes.create_string_buffer(256)
report_calls(
    ("userfaultfd", 1),
    ("io_uring_setup", 1, block),
    ("perf_event_open", block, 0, -1, -1, 0),
    ("bpf", 0, block, 128),
    ("memfd_secret", 0),
)
