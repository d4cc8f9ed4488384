"""Every setting of the service, read from the environment in one place.

`ASSAY_HOME` holds all local state (database, blobs, broker socket); everything else has a default that follows from
it. Lists are given as JSON. No setting can set a verdict, skip a control or loosen a rule.
"""

from __future__ import annotations

import ipaddress
import re
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, AliasChoices, Field, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from app.core.apikeys import PEPPER_BYTES
from app.core.caller import PUBLISHER_PATTERN, PUBLISHER_SAID
from app.core.claim import Policy
from app.core.errors import Fault
from app.core.model import Limits
from app.core.proof_terms import Assurance, Trust
from app.core.webhook import SCHEDULE

MIB = 1 << 20
GIB = 1 << 30

DEFAULT_LIMITS = Limits(
    wall_ms=60_000,
    cpu_ms=60_000,
    cpus=1,
    memory_bytes=1 * GIB,
    processes=64,
    scratch_bytes=256 * MIB,
)
PROOF_LIMITS = Limits(  # of proofs: Lean's library takes seconds to load, and two GiB
    wall_ms=300_000,
    cpu_ms=600_000,
    cpus=2,
    memory_bytes=4 * GIB,
    processes=64,
    scratch_bytes=512 * MIB,
)
MAXIMUM_LIMITS = Limits(
    wall_ms=3_600_000,
    cpu_ms=4 * 3_600_000,
    cpus=4,
    memory_bytes=8 * GIB,
    processes=512,
    scratch_bytes=4 * GIB,
)


def _network(text: str) -> str:
    """Refuse at start what is no network, instead of letting everybody in or out at the first request."""
    try:
        ipaddress.ip_network(text)
    except ValueError:
        raise ValueError("this is no network such as 127.0.0.0/8") from None
    return text


def _publisher(text: str) -> str:
    """Refuse at start a name that no key could have."""
    if re.fullmatch(PUBLISHER_PATTERN, text) is None:
        raise ValueError(f"this cannot be a publisher's name, which has {PUBLISHER_SAID}")
    return text


def _named(name: str) -> Any:
    """Return a setting that is known without our prefix too, as other tools read it."""
    return Field(default=None, validation_alias=AliasChoices(f"ASSAY_{name}", name))


class Settings(BaseSettings):
    """What an operator may decide. Durations are seconds, sizes bytes."""

    model_config = SettingsConfigDict(env_prefix="ASSAY_", frozen=True, extra="ignore", populate_by_name=True)

    home: Path = Path("~/.assay")
    database_url: str = ""  # default: SQLite below home
    broker_url: str = Field(default="", validation_alias=AliasChoices("ASSAY_BROKER_URL", "BROKER_URL"))
    blobs: Path | None = None  # default: below home
    python: Path | None = None  # interpreter of the environment `python`; default: the host's own
    environments: Path | None = None  # where environments are built; default: below home
    asset_folder: Path | None = None  # where assets are kept; default: below home

    signing_key: Path | None = None  # the judge's private key; default: the one in use below home

    #: Who submits while no API key exists, and whose names of records strangers may use.
    publisher: Annotated[str, AfterValidator(_publisher)] = "local"
    key_pepper: Path | None = (
        None  # secret with which API keys are hashed; default: below home, made with the first key
    )
    login_seconds: float = Field(default=43_200, ge=60)  # a login ends after so long, whatever is done with it
    allow_clients: list[Annotated[str, AfterValidator(_network)]] = ["127.0.0.0/8", "::1/128"]
    allow_hosts: list[str] = ["localhost", "127.0.0.1", "[::1]"]
    proxies: list[
        Annotated[str, AfterValidator(_network)]
    ] = []  # whose `X-Forwarded-For` is believed, for counting alone
    limits_url: str = ""  # Redis or Valkey in which web processes count together; default: the broker, when it is one
    requests_per_minute: int = Field(default=1200, ge=0)  # of a key, or of an address without one; 0: no limit
    changes_per_minute: int = Field(default=120, ge=0)  # those of them that may change something
    bad_keys_per_minute: int = Field(default=30, ge=0)  # requests of an address with a key that is not good
    bad_hooks_per_minute: int = Field(default=60, ge=0)  # webhooks of an address that no source signed
    contract_base: str = "https://assignee.net"  # base address in the `schema` field of public contracts
    level_max: int = Field(default=2, ge=1, le=7)  # highest verification level that a record may reach

    engine: Literal["bwrap", "oci:crun"] = "bwrap"  # what makes the boxes
    isolation: Literal["C", "B1", "B", "A"] = "C"  # least level on which a run may be executed
    prepared_boxes: int = Field(default=1, ge=0, le=8)  # of each worker process, made before their runs come
    default_limits: Limits = DEFAULT_LIMITS
    proof_limits: Limits = PROOF_LIMITS  # instead of them, of proofs that name none
    maximum_limits: Limits = MAXIMUM_LIMITS

    proof_assurance: Assurance = "production"  # the least that a checker of proofs needs for its word to decide
    proof_floor: str = "4.34.0"  # the oldest Lean whose word decides in production
    proof_revoked: list[str] = []  # digests of environments, or commits of Lean, whose word decides nothing any more

    #: What `assay env build lean4-native` is made of, and what the operator says that it is worth.
    lean_toolchain_dir: Path | None = _named("LEAN_TOOLCHAIN_DIR")
    comparator_bin: Path | None = _named("COMPARATOR_BIN")
    lean4export_bin: Path | None = _named("LEAN4EXPORT_BIN")
    nanoda_bin: Path | None = _named("NANODA_BIN")  # a second kernel; default: none
    lean_assurance: Assurance = "production"  # `test` for what only stands in for it

    lease_seconds: float = 60
    heartbeat_seconds: float = 10
    sweep_seconds: float = 20
    nudge_after_seconds: float = 30  # a queued run older than this is nudged again
    presence_seconds: float = 10  # a worker says so often that it is there
    environment_wait_seconds: float = 600  # a run waits so long for an environment that was replaced meanwhile
    retry_after_seconds: float = 300  # a lost verification is begun again, once, after this pause
    tidy_seconds: float = 3600
    audit_seconds: float = 86_400  # all stored evidence is held against its signatures so often
    orphan_seconds: float = 86_400  # blobs without a row are removed at this age, and files sent one by one forgotten
    upload_bytes_max: int = 4 * GIB  # of files that a publisher has sent one by one and that are not forgotten
    outside_allow: list[str] = []  # `host:port` that may be spoken to although they are private, without TLS too
    outside_ca: Path | None = None  # certificates that are believed beside the system's own, for such hosts
    public_url: str = "http://127.0.0.1:8000"  # address of this service, as receivers and commits are told it
    webhook_schedule: list[float] = list(SCHEDULE)  # pauses after each failed attempt at a delivery
    webhook_timeout_seconds: float = 15  # of one attempt, from looking up the name to the end of the answer
    webhook_disable_seconds: float = 432_000  # an endpoint that has failed for so long is disabled
    webhook_keep_seconds: float = 2_592_000  # so long the log of deliveries is kept
    attempts_max: int = 3
    body_bytes_max: int = 65 * MIB  # one request; the archive reader has its own limits inside
    pool_size: int = 10

    @field_validator("default_limits", "proof_limits", "maximum_limits", mode="before")
    @classmethod
    def _rest_as_usual(cls, limits: object, info: ValidationInfo) -> object:
        """Leave members that are not named at what they are by default: whoever opens GPUs names no other limit."""
        usual = cls.model_fields[info.field_name or ""].default.model_dump()
        return {**usual, **limits} if isinstance(limits, dict) else limits

    @field_validator("maximum_limits")
    @classmethod
    def _one_gpu(cls, limits: Limits) -> Limits:
        if limits.gpus > 1:
            raise ValueError("a run holds one GPU at most")
        return limits

    @field_validator("home")
    @classmethod
    def _expand(cls, home: Path) -> Path:
        return home.expanduser().absolute()

    @property
    def database(self) -> str:
        """URL of the database; SQLite below `home` unless set."""
        return self.database_url or f"sqlite:///{self.home / 'assay.db'}"

    @property
    def state(self) -> dict[str, Path]:
        """What no box may show to its program, by the name of the setting that moves it."""
        database = self.database.partition("sqlite:///")[2]
        return {
            "ASSAY_HOME": self.home,
            "ASSAY_BLOBS": self.blob_folder,
            "ASSAY_ENVIRONMENTS": self.environment_folder,
            "ASSAY_ASSET_FOLDER": self.assets,
            "ASSAY_SIGNING_KEY": self.signing_key or self.home / "keys",
            "ASSAY_KEY_PEPPER": self.pepper_file,
            **({"ASSAY_DATABASE_URL": Path(database)} if database else {}),
        }

    @property
    def blob_folder(self) -> Path:
        """Folder of the content-addressed blobs."""
        return self.blobs or self.home / "blobs"

    @property
    def environment_folder(self) -> Path:
        """Folder of the environments that the operator built."""
        return self.environments or self.home / "environments"

    @property
    def assets(self) -> Path:
        """Folder of the assets that the operator added."""
        return self.asset_folder or self.home / "assets"

    @property
    def broker(self) -> str:
        """URL of the broker; a Valkey socket below `home` unless set."""
        return self.broker_url or f"redis+socket://{self.home / 'broker.sock'}"

    @property
    def limits(self) -> str:
        """URL of the server in which web processes count requests together; empty: each counts by itself."""
        shared = self.broker_url if self.broker_url.startswith(("redis://", "rediss://")) else ""
        return self.limits_url or shared

    @property
    def pepper_file(self) -> Path:
        """File of the pepper."""
        return self.key_pepper or self.home / "api-keys.pepper"

    def read_pepper(self) -> bytes | None:
        """Return the pepper; None while no key was ever made here.

        Raises:
            Fault: others may read it too, or it is too short to be one.

        """
        try:
            mode, found = self.pepper_file.stat().st_mode, self.pepper_file.read_bytes()
        except FileNotFoundError:
            return None
        if mode & 0o077:
            remedy = f"run `chmod 600 {self.pepper_file}`"
            raise Fault("key-pepper", f"others may read the pepper {self.pepper_file}", remedy)
        if len(found) < PEPPER_BYTES:
            raise Fault("key-pepper", f"{self.pepper_file} is too short for a pepper", "restore it from a backup")
        return found

    def policy(self, environments: dict[str, str], assets: dict[str, str] | None = None) -> Policy:
        """Return what intake may accept.

        Args:
            environments: those that there are, name -> digest.
            assets: those that there are, digest -> name; None accepts every digest, where nothing is executed.

        """
        return Policy(
            default_limits=self.default_limits,
            maximum_limits=self.maximum_limits,
            environments=environments,
            isolation=self.isolation,
            assets=assets,
            proof_limits=self.proof_limits,
        )

    @property
    def proof_trust(self) -> Trust:
        """Which checkers of proofs the operator lets decide."""
        return Trust(self.proof_assurance, self.proof_floor, frozenset(self.proof_revoked))
