"""Requests made from the description itself: every answer is one that the description names, on both databases.

Schemathesis makes requests that fit `openapi.json` and requests that do not: every boundary of every schema, one at a time
(its coverage phase, the same each time), the named examples, and random ones from a fixed seed. ASSAY_FUZZ_EXAMPLES says
how many random ones for each operation; the default keeps a run of both databases within two minutes.
"""

from __future__ import annotations

import itertools
import os
from typing import TYPE_CHECKING, Any

import pytest
import schemathesis
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from schemathesis.config import GenerationConfig, ProjectConfig, ProjectsConfig, SchemathesisConfig
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import positive_data_acceptance

from app.api import verifications
from app.core.canonical import digest
from app.main import create_app
from app.settings import Settings
from tests.api.service import open_service
from tests.api.tenants import World, build

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

EXAMPLES = int(os.environ.get("ASSAY_FUZZ_EXAMPLES", "5"))
ADDRESS = "http://127.0.0.1:8000"


def described() -> Any:
    """Return the description as Schemathesis reads it."""
    chosen = ProjectConfig(
        generation=GenerationConfig(max_examples=EXAMPLES, deterministic=True, database="none"),
    )
    config = SchemathesisConfig(seed=5, projects=ProjectsConfig(default=chosen))
    return schemathesis.openapi.from_dict(create_app(Settings()).openapi(), config=config)


SCHEMA = described()


class Loopback:
    """ASGI wrapper under which a request comes from this machine; what it wraps has begun already."""

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            raise NotImplementedError
        await self.app({**scope, "client": ("127.0.0.1", 50000)}, receive, send)


@pytest.fixture(scope="module")
def no_waits() -> Iterator[None]:
    """Let nobody wait for the end of a verification: nothing works on them here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(verifications, "WAIT_SECONDS_MAX", 0)
        yield


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def world(
    request: pytest.FixtureRequest, no_waits: None, migrated: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[World]:
    """Give a service with keys and things of several publishers."""
    home = tmp_path_factory.mktemp("described")
    if request.param == "sqlite":
        for service in open_service(migrated, home):
            yield build(service)
        return
    cluster = request.getfixturevalue("cluster")
    url = cluster.create()
    for service in open_service(migrated, home, database_url=url):
        yield build(service)
    cluster.drop(url)


NUMBERS = itertools.count()
#: Requests that fit every schema, and are refused for what no schema can say.
BEYOND_SCHEMAS = {
    "bad-address",
    "bad-cursor",
    "bundle-refused",
    "key-of-another",
    "missing-bundle",
    "too-many-endpoints",
    "unknown-record",
}


#: What a change is answered that does not say what it changes, or says something that is past.
CONDITIONS = {412, 428}


@SCHEMA.parametrize()
@hypothesis_settings(deadline=None, suppress_health_check=list(HealthCheck))
def test_every_answer_is_described(case: Any, world: World) -> None:
    case.operation.app = case.operation.schema.app = Loopback(world.service.client.app)
    if case.method == "PUT" and case.meta.generation.mode == GenerationMode.POSITIVE:
        if "digest" in case.path_parameters:
            sent = getattr(case.body, "data", case.body)  # what stands for a file, or text
            case.path_parameters = {"digest": digest(sent.encode() if isinstance(sent, str) else sent)}
        else:  # a record answers with every correction so far, so each request has one of its own
            case.path_parameters = {"record_id": f"r{next(NUMBERS)}"}
    ask(case, world)
    known = {**world.shown, "digest": world.shown["file"], "key_id": world.ids["bob"]}
    fits = case.meta.generation.mode == GenerationMode.POSITIVE and case.method != "PUT"
    if fits and case.path_parameters and case.path_parameters.keys() <= known.keys():
        case.path_parameters = {name: known[name] for name in case.path_parameters}  # of something that is there
        ask(case, world)


def ask(case: Any, world: World) -> None:
    """Send a request and hold its answer against the description."""
    headers = {"Authorization": f"Bearer {world.keys['admin']}"}
    answer = case.call(base_url=ADDRESS, headers=headers)
    told = answer.json() if answer.status_code == 422 else {"type": "", "errors": []}
    assert all(item["remedy"] for item in told["errors"]), told["errors"]
    judged = (
        answer.status_code in CONDITIONS
        or {told["type"].rpartition("/")[2], *(item["code"] for item in told["errors"])} & BEYOND_SCHEMAS
    )
    case.validate_response(
        answer,
        headers=headers,
        excluded_checks=[positive_data_acceptance] if judged else [],
        transport_kwargs={"base_url": ADDRESS, "headers": headers},
    )
