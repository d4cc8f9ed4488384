"""Proves that a box can compute on a GPU: a real kernel, loaded and started by the driver's own interface.

`nvidia-smi` may answer where no program could compute, so that nothing less is a proof. The kernel is text that the driver
compiles; it needs no library but the driver's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox import gpus
from sandbox.engine import Sandbox
from sandbox.job import Job, SandboxFault, StagedFile

if TYPE_CHECKING:
    from sandbox.job import Environment, Gpu

BYTES = 4 << 30  # of the host; CUDA maps a lot before a kernel runs
PROCESSES = 128
WALL_MS = 60_000

KERNEL = """\
.version 6.0
.target sm_50
.address_size 64
.visible .entry twice(.param .u64 data, .param .u32 count)
{
  .reg .pred %p<2>;
  .reg .b32 %r<7>;
  .reg .b64 %rd<5>;
  ld.param.u64 %rd1, [data];
  ld.param.u32 %r1, [count];
  mov.u32 %r2, %ctaid.x;
  mov.u32 %r3, %ntid.x;
  mov.u32 %r4, %tid.x;
  mad.lo.s32 %r5, %r2, %r3, %r4;
  setp.ge.u32 %p1, %r5, %r1;
  @%p1 bra DONE;
  cvta.to.global.u64 %rd2, %rd1;
  mul.wide.u32 %rd3, %r5, 4;
  add.s64 %rd4, %rd2, %rd3;
  ld.global.u32 %r6, [%rd4];
  add.u32 %r6, %r6, %r6;
  st.global.u32 [%rd4], %r6;
DONE:
  ret;
}
"""
PROGRAM = f"""
import ctypes, json, os
KERNEL = {KERNEL!r}.encode()
COUNT = 1000
cuda = ctypes.CDLL("libcuda.so.1")

def call(name, *arguments):
    code = getattr(cuda, name)(*arguments)
    if code:
        text = ctypes.c_char_p()
        cuda.cuGetErrorName(code, ctypes.byref(text))
        raise SystemExit(f"{{name}}: {{(text.value or b'?').decode()}} ({{code}})")

call("cuInit", 0)
number, device, context = ctypes.c_int(), ctypes.c_int(), ctypes.c_void_p()
call("cuDeviceGetCount", ctypes.byref(number))
call("cuDeviceGet", ctypes.byref(device), 0)
call("cuDevicePrimaryCtxRetain", ctypes.byref(context), device)
call("cuCtxSetCurrent", context)
module, function, data = ctypes.c_void_p(), ctypes.c_void_p(), ctypes.c_uint64()
call("cuModuleLoadData", ctypes.byref(module), ctypes.c_char_p(KERNEL))
call("cuModuleGetFunction", ctypes.byref(function), module, b"twice")
numbers = (ctypes.c_uint32 * COUNT)(*range(COUNT))
size = ctypes.c_size_t(ctypes.sizeof(numbers))
call("cuMemAlloc_v2", ctypes.byref(data), size)
call("cuMemcpyHtoD_v2", data, numbers, size)
count = ctypes.c_uint32(COUNT)
given = (ctypes.c_void_p * 2)(ctypes.addressof(data), ctypes.addressof(count))
call("cuLaunchKernel", function, 4, 1, 1, 256, 1, 1, 0, None, given, None)
call("cuCtxSynchronize")
call("cuMemcpyDtoH_v2", numbers, data, size)
right = list(numbers) == [2 * value for value in range(COUNT)]
json.dump({{"right": int(right), "devices": number.value}}, open(os.environ["ASSAY_RESULT"], "w"))
"""


def found() -> tuple[list[Gpu], str]:
    """Return this host's devices, and in words why there are none."""
    try:
        devices = gpus.find()
    except SandboxFault as error:
        return [], str(error)
    return devices, "" if devices else f"none: there is no `{gpus.PROGRAM}`, or it knows no undivided device"


def compute(environment: Environment, gpu: Gpu) -> tuple[bool, str]:
    """Compute in a box with a device; returns whether the numbers came out right, and what there is to say."""
    file = StagedFile("/job/gpu.py", PROGRAM.encode())
    job = Job(
        environment,
        (file.target,),
        (file,),
        wall_ms=WALL_MS,
        cpu_ms=WALL_MS,
        memory_bytes=BYTES,
        processes=PROCESSES,
        gpu=gpu,
    )
    try:
        with Sandbox() as box:
            outcome = box.run(job)
    except SandboxFault as error:
        return False, f"{gpu.name}: {error}"
    if outcome.result == b'{"right": 1, "devices": 1}':
        figures = f"{gpu.memory_bytes >> 20} MiB, driver {gpu.driver}, CUDA {gpu.cuda}"
        return True, f"{gpu.name}, {figures}: a kernel ran in a box in {outcome.wall_ms} ms"
    said = outcome.stderr.decode("utf-8", "replace").strip()[-300:] or (outcome.result or b"").decode(
        "utf-8", "replace"
    )
    return False, f"{gpu.name}: no kernel could be run in a box: {said or outcome.kind}"
