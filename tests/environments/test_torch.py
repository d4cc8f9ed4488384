"""PyTorch and transformers in the box: cold and imported ahead, bit by bit; models from a folder, without a network."""

from __future__ import annotations

import json
import statistics
import time
from typing import TYPE_CHECKING

import pytest

from sandbox import Job, Sandbox, StagedFile
from sandbox.recipe import read_recipe, shipped

if TYPE_CHECKING:
    from sandbox import Environment, Outcome

pytestmark = [pytest.mark.box, pytest.mark.slow]

MIB = 1 << 20

SEEDED = """
import hashlib, json, os, random
import torch
torch.manual_seed(7); random.seed(7)
torch.use_deterministic_algorithms(True)
said = {}
def keep(name, tensor):
    said[name] = hashlib.sha256(tensor.detach().contiguous().numpy().tobytes()).hexdigest()
a, b = torch.randn(96, 96), torch.randn(96, 96)
keep("randn", a); keep("matmul", a @ b); keep("svd", torch.linalg.svd(a)[1]); keep("solve", torch.linalg.solve(a, b))
keep("softmax", torch.softmax(a, 1)); keep("fft", torch.fft.fft(a).abs()); keep("sum", a.sum()); keep("exp", a.exp())
keep("sort", a.flatten().sort().values); keep("permutation", torch.randperm(1000)); keep("uniform", torch.rand(64))
keep("dropout", torch.nn.functional.dropout(a, 0.5)); keep("convolution", torch.nn.functional.conv1d(a[None], b[:, :, None]))
net = torch.nn.Sequential(torch.nn.Linear(96, 48), torch.nn.Tanh(), torch.nn.Linear(48, 1))
step = torch.optim.AdamW(net.parameters(), lr=0.01)
for _ in range(20):
    loss = (net(a) - b[:, :1]).square().mean()
    step.zero_grad(); loss.backward(); step.step()
keep("trained", torch.cat([p.flatten() for p in net.parameters()])); keep("loss", loss)
said["threads"], said["random"], said["hash"] = torch.get_num_threads(), random.random(), hash("assay")
json.dump(said, open(os.environ["ASSAY_RESULT"], "w"), sort_keys=True)
"""

XLM_R = """
import json, os
import torch
from transformers import XLMRobertaConfig, XLMRobertaModel
torch.manual_seed(3)
config = XLMRobertaConfig(vocab_size=64, hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=64,
                          max_position_embeddings=40)
made = XLMRobertaModel(config).eval()
made.save_pretrained("/tmp/model")
read = XLMRobertaModel.from_pretrained("/tmp/model").eval()
words = torch.arange(4, 20)[None]
with torch.no_grad():
    same = torch.equal(made(words).last_hidden_state, read(words).last_hidden_state)
json.dump({"same": int(same), "files": sorted(os.listdir("/tmp/model"))}, open(os.environ["ASSAY_RESULT"], "w"))
"""

ABSENT = """
from transformers import AutoConfig
try:
    AutoConfig.from_pretrained("nobody/has-this")
except OSError as error:
    print("refused")
"""


def job(environment: Environment, script: str, *, plain: bool = False, memory_bytes: int = 2048 * MIB) -> Job:
    staged = (StagedFile("/job/s.py", script.encode()),)
    limits = {"wall_ms": 180_000, "cpu_ms": 120_000, "processes": 64}
    return Job(environment, ("/job/s.py",), staged, memory_bytes=memory_bytes, plain=plain, **limits)


def ended(outcome: Outcome) -> Outcome:
    assert (outcome.kind, outcome.exit_code) == ("exited", 0), outcome.stderr.decode()[-2000:]
    return outcome


def test_what_was_built_is_the_shipped_recipe(torch: Environment) -> None:
    packages = torch.describe()["packages"]
    wanted = read_recipe("torch", shipped()["torch"]).pins
    assert {name: packages[name].partition("+")[0] for name in wanted} == wanted
    assert torch.imports == ("torch",)


def test_seeded_computations_are_bit_equal_cold_and_imported_ahead(torch: Environment, ahead: Sandbox) -> None:
    runs = [ended(ahead.run(job(torch, SEEDED))) for _ in range(3)]
    assert [run.isolation["start"] for run in runs] == ["cold", "prepared", "prepared"]
    assert [run.isolation.get("imported") for run in runs] == [None, ["torch"], ["torch"]]
    assert runs[0].result == runs[1].result == runs[2].result
    assert len(json.loads(runs[0].result or b"")) == 18


def test_a_short_run_that_was_imported_ahead_reaches_its_first_line_much_sooner(
    torch: Environment, ahead: Sandbox
) -> None:
    script = "import time, torch; print(time.monotonic())"
    took: dict[str, list[float]] = {"cold": [], "prepared": []}
    for _ in range(4):
        time.sleep(1)
        outcome = ended(ahead.run(job(torch, script)))
        took[outcome.isolation["start"]].append(outcome.wall_ms)
    with Sandbox() as cold:
        took["cold"].append(ended(cold.run(job(torch, script))).wall_ms)
    assert statistics.median(took["prepared"]) < statistics.median(took["cold"]) / 3, took


def test_a_script_that_sets_variables_first_begins_with_nothing_imported(torch: Environment, ahead: Sandbox) -> None:
    script = "import os, sys; early = 'torch' in sys.modules; os.environ['OMP_NUM_THREADS'] = '1'; print(early)"
    ended(ahead.run(job(torch, "pass")))
    assert ended(ahead.run(job(torch, script))).stdout == b"True\n"
    assert ended(ahead.run(job(torch, script, plain=True))).stdout == b"False\n"


def test_a_small_xlm_r_is_saved_and_loaded_from_a_folder(torch: Environment, ahead: Sandbox) -> None:
    found = json.loads(ended(ahead.run(job(torch, XLM_R))).result or b"")
    assert found == {"same": 1, "files": ["config.json", "model.safetensors"]}


def test_a_model_that_is_nowhere_is_refused_and_nothing_is_waited_for(torch: Environment, ahead: Sandbox) -> None:
    outcome = ended(ahead.run(job(torch, ABSENT)))
    assert outcome.stdout == b"refused\n"


def test_the_packages_cannot_be_changed_from_inside(torch: Environment, ahead: Sandbox) -> None:
    script = """
import os, torch
for path in (torch.__file__, "/site/new.py"):
    try: open(path, "a"); print("written")
    except OSError: print("refused")
torch.nn.Linear.forward = lambda self, x: x
"""
    runs = [ended(ahead.run(job(torch, script))).stdout for _ in range(2)]
    assert runs == [b"refused\nrefused\n"] * 2
    after = "import torch; print(torch.nn.Linear.forward.__name__)"
    assert ended(ahead.run(job(torch, after))).stdout == b"forward\n", "a box serves one run alone"
