"""docker-compose.yml and Dockerfile: what they say, checked without an engine."""

from __future__ import annotations

import hashlib
import ipaddress
import json
import re
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from app.intake import ArchiveLimits
from app.queue import CPU_QUEUE, JUDGE_QUEUE, celery_app
from app.settings import DEFAULT_LIMITS, Settings
from sandbox.meter import SCRATCHES
from tests.docs.compose import FILE, ROOT, Unset, raw, services, variables_of
from tests.docs.production import OWN, SECRETS

VENDOR = ROOT / "tests" / "docs" / "vendor"
SCHEMA = VENDOR / "compose-spec.json"
SERVICES = services(SECRETS)
OF_OURS = ("migrate", *OWN)
GIB = 1 << 30


@pytest.fixture(scope="module")
def validator() -> Draft202012Validator:
    return Draft202012Validator(json.loads(SCHEMA.read_text(encoding="utf-8")))


def test_the_vendored_schema_is_the_one_that_its_readme_names() -> None:
    found = hashlib.sha256(SCHEMA.read_bytes()).hexdigest()
    assert f"`{found}`" in (VENDOR / "README.md").read_text(encoding="utf-8")


def test_the_file_fits_the_schema_of_the_compose_specification(validator: Draft202012Validator) -> None:
    assert [f"{error.json_path}: {error.message}" for error in validator.iter_errors(raw())] == []


@pytest.mark.parametrize(
    ("was", "becomes"),
    [
        pytest.param("healthcheck:", "healthchek:", id="misspelt key"),
        pytest.param("cap_drop: [ALL]", "cap_drop: ALL", id="text instead of a list"),
        pytest.param("condition: service_healthy", "condition: healthy", id="unknown condition"),
        pytest.param('ports: ["127', 'ports: {"127', id="ports as a mapping"),
        pytest.param("internal: true", "internal: [true]", id="a list instead of a truth value"),
    ],
)
def test_the_schema_refuses_a_mistake(validator: Draft202012Validator, was: str, becomes: str) -> None:
    text = FILE.read_text(encoding="utf-8")
    assert was in text
    broken = text.replace(was, becomes)
    if becomes.startswith("ports"):
        broken = broken.replace('8000:8000"]', '8000:8000": null}')
    assert list(validator.iter_errors(yaml.safe_load(broken)))


# --- walls -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("service", SERVICES)
def test_no_service_is_given_the_host(service: str) -> None:
    wanted = SERVICES[service]
    assert not {"privileged", "network_mode", "pid", "ipc", "devices", "userns_mode"} & set(wanted)
    assert wanted["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in wanted["security_opt"]
    assert wanted["read_only"] is True
    mounted = [item.partition(":")[0] for item in wanted["volumes"]]
    assert [item for item in mounted if item.startswith(("/", "."))] in ([], ["./deploy/postgres"])


def test_only_the_run_worker_has_loosened_walls_and_none_of_ours_has_a_capability() -> None:
    loosened = {
        name for name, wanted in SERVICES.items() if any("unconfined" in item for item in wanted["security_opt"])
    }
    assert loosened == {"worker-cpu"}
    walls = dict(item.split("=", 1) for item in SERVICES["worker-cpu"]["security_opt"] if "=" in item)
    assert walls == {"seccomp": "deploy/seccomp-worker.json", "apparmor": "unconfined", "systempaths": "unconfined"}
    assert json.loads((ROOT / walls["seccomp"]).read_text(encoding="utf-8"))["defaultAction"] == "SCMP_ACT_ERRNO"
    assert {name for name, wanted in SERVICES.items() if "cap_add" in wanted} == {"postgres", "valkey"}
    assert {SERVICES[name]["user"] for name in OF_OURS} == {"10001:10001"}


def test_only_the_api_is_published_and_on_loopback_alone() -> None:
    published = {name: wanted["ports"] for name, wanted in SERVICES.items() if "ports" in wanted}
    assert published == {"api": ["127.0.0.1:8000:8000"]}
    assert raw()["networks"]["inner"]["internal"] is True
    assert {name for name, wanted in SERVICES.items() if wanted["networks"] != ["inner"]} == {"api", "outside"}


def test_every_secret_is_demanded_from_outside_and_named_in_the_example() -> None:
    text = (ROOT / "deploy" / "env.example").read_text(encoding="utf-8")
    assert variables_of(raw()) == set(re.findall(r"^(\w+)=$", text, re.MULTILINE)) == SECRETS.keys()
    for name in SECRETS:
        with pytest.raises(Unset, match=name):
            services({**SECRETS, name: ""})
        assert f"${{{name}:?" in FILE.read_text(encoding="utf-8")


def test_the_judge_alone_is_given_the_signing_key_and_no_process_finds_it_in_the_state_they_share() -> None:
    given = {name: wanted["secrets"] for name, wanted in SERVICES.items() if "secrets" in wanted}
    assert given == {"judge": ["judge_key"]}
    path = SERVICES["judge"]["environment"]["ASSAY_SIGNING_KEY"]
    assert path == "/run/secrets/judge_key"
    assert not any("ASSAY_SIGNING_KEY" in SERVICES[name]["environment"] for name in OF_OURS if name != "judge")
    file = raw()["secrets"]["judge_key"]["file"].removeprefix(".")
    assert file in (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()


def test_the_pepper_lies_where_only_the_api_and_the_messenger_find_it() -> None:
    folder = "/var/lib/assay-keys"
    mounted = {name for name in OF_OURS if any(item.endswith(f":{folder}") for item in SERVICES[name]["volumes"])}
    told = {name for name in OF_OURS if "ASSAY_KEY_PEPPER" in SERVICES[name]["environment"]}
    assert mounted == told == {"api", "outside"}
    assert {SERVICES[name]["environment"]["ASSAY_KEY_PEPPER"].rpartition("/")[0] for name in told} == {folder}
    assert folder in " ".join(" ".join(line) for line in dockerfile())


# --- settings --------------------------------------------------------------------------------------------------------


def settings_of(service: str, monkeypatch: pytest.MonkeyPatch) -> Settings:
    for name, value in SERVICES[service]["environment"].items():
        monkeypatch.setenv(name, value)
    return Settings()


@pytest.mark.parametrize("service", OF_OURS)
def test_every_setting_in_the_file_is_one_that_the_service_reads(service: str) -> None:
    known = {f"ASSAY_{name.upper()}" for name in Settings.model_fields} | {"REMAP_SIGTERM"}
    assert SERVICES[service]["environment"].keys() <= known


@pytest.mark.parametrize("service", OF_OURS)
def test_the_settings_of_each_process_can_be_read(service: str, monkeypatch: pytest.MonkeyPatch) -> None:
    found = settings_of(service, monkeypatch)
    assert found.database.startswith("postgresql+psycopg://assay")
    assert found.broker == "redis://:broker3@valkey:6379/0"
    for name, amount in DEFAULT_LIMITS.model_dump(exclude={"isolation", "gpus"}).items():
        assert amount <= getattr(found.maximum_limits, name), f"a claim without {name} would be refused"


def test_only_the_migration_uses_the_role_that_owns_the_tables() -> None:
    urls = {name: SERVICES[name]["environment"]["ASSAY_DATABASE_URL"] for name in OF_OURS}
    assert {name for name, url in urls.items() if "//assay_owner:" in url} == {"migrate"}


def test_the_api_admits_its_own_loopback_and_the_gateway_of_its_published_network(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = settings_of("api", monkeypatch)
    (front,) = raw()["networks"]["front"]["ipam"]["config"]
    networks = [ipaddress.ip_network(text) for text in found.allow_clients]
    assert ipaddress.ip_network(f"{front['gateway']}/32") in networks
    assert ipaddress.ip_address(front["gateway"]) in ipaddress.ip_network(front["subnet"])
    neighbours = [item for item in ipaddress.ip_network(front["subnet"]).hosts() if str(item) != front["gateway"]]
    assert not any(item in network for item in neighbours for network in networks)
    assert "127.0.0.1" in found.allow_hosts


def test_two_runs_at_their_limits_fit_into_the_run_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise the kernel ends runs for memory although they kept their own limit."""
    wanted = SERVICES["worker-cpu"]
    limits = settings_of("worker-cpu", monkeypatch).maximum_limits
    at_a_time = int(wanted["command"][wanted["command"].index("-c") + 1])
    staged = ArchiveLimits().unpacked_bytes
    one = limits.memory_bytes + SCRATCHES * limits.scratch_bytes + staged
    assert int(wanted["mem_limit"].removesuffix("g")) * GIB >= at_a_time * one + GIB // 2
    (tmpfs,) = wanted["tmpfs"]
    assert int(re.search(r"size=(\d+)m", tmpfs)[1]) << 20 > at_a_time * staged  # type: ignore[index]
    assert wanted["pids_limit"] > at_a_time * limits.processes


# --- processes -------------------------------------------------------------------------------------------------------


def option(service: str, name: str) -> str:
    command: list[str] = SERVICES[service]["command"]
    return command[command.index(name) + 1]


def test_runs_and_conclusions_have_workers_of_their_own_and_one_beat_sweeps() -> None:
    celery = {name: wanted["command"][3] for name, wanted in SERVICES.items() if "celery" in wanted.get("command", ())}
    assert celery == {"worker-cpu": "worker", "judge": "worker", "outside": "worker", "beat": "beat"}
    assert (option("worker-cpu", "-Q"), option("judge", "-Q")) == (CPU_QUEUE, JUDGE_QUEUE)
    assert not any("-B" in SERVICES[name]["command"] for name in celery)


@pytest.mark.parametrize("service", ["worker-cpu", "judge"])
def test_a_worker_is_given_longer_to_stop_than_its_soft_shutdown_takes(service: str) -> None:
    grace = float(SERVICES[service]["stop_grace_period"].removesuffix("s"))
    soft = celery_app(Settings()).conf.worker_soft_shutdown_timeout
    assert soft < grace - 5
    assert SERVICES[service]["environment"]["REMAP_SIGTERM"] == "SIGQUIT"
    assert SERVICES[service]["init"] is True


def test_everything_waits_for_the_migration_and_the_migration_for_the_database() -> None:
    conditions = {
        name: {key: item["condition"] for key, item in SERVICES[name]["depends_on"].items()} for name in OF_OURS
    }
    assert conditions.pop("migrate") == {"postgres": "service_healthy"}
    wanted = {"migrate": "service_completed_successfully", "valkey": "service_healthy"}
    assert conditions == dict.fromkeys(OWN, wanted)


def test_the_broker_forgets_nothing_and_asks_for_its_password() -> None:
    assert option("valkey", "--appendonly") == "yes"
    assert option("valkey", "--maxmemory-policy") == "noeviction"
    assert option("valkey", "--requirepass") == SECRETS["VALKEY_PASSWORD"]


@pytest.mark.parametrize("service", sorted(SERVICES.keys() - {"migrate"}))
def test_every_lasting_service_has_a_health_check(service: str) -> None:
    assert SERVICES[service]["healthcheck"]["test"][0] in {"CMD", "CMD-SHELL"}


# --- image -----------------------------------------------------------------------------------------------------------


def dockerfile() -> list[list[str]]:
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
    return [line.split() for line in text.splitlines() if line and not line.startswith("#")]


def test_the_image_takes_in_just_what_the_ignore_file_lets_through() -> None:
    copied = {source for line in dockerfile() if line[0] == "COPY" for source in line[1:-1]}
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert copied == {line[1:] for line in lines if line.startswith("!")}
    assert "*" in lines
    assert all((ROOT / name).exists() for name in copied)


def test_the_image_holds_pinned_versions_and_none_of_the_test_extras() -> None:
    (install,) = (" ".join(line) for line in dockerfile() if "pip" in " ".join(line))
    assert "-c constraints.txt -e . " in install
    assert "[" not in install


def test_the_image_runs_as_a_user_of_its_own_who_owns_nothing_but_the_state() -> None:
    words: dict[str, Any] = {line[0]: line[1:] for line in dockerfile()}
    assert words["USER"] == [SERVICES["api"]["user"]]
    assert words["FROM"] == ["debian:bookworm-slim"]
    assert "bubblewrap" in " ".join(" ".join(line) for line in dockerfile())
