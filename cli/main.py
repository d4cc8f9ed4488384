"""The `assay` command. Results go to stdout, progress and complaints to stderr; exit codes are in `cli.exits`."""

from __future__ import annotations

import json
import signal
import sys
import time
import traceback
from pathlib import Path
from typing import Annotated, Any

import click
import typer
from pydantic import ValidationError

from app.core.errors import AssayError, Refusal
from app.settings import Settings
from cli import show
from cli.exits import Exit, of_status, worst
from sandbox import SandboxFault

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False, rich_markup_mode=None)
evidence_app = typer.Typer(no_args_is_help=True, help="Check evidence archives.", rich_markup_mode=None)
env_app = typer.Typer(no_args_is_help=True, help="Environments that scripts run in.", rich_markup_mode=None)
app.add_typer(evidence_app, name="evidence")
app.add_typer(env_app, name="env")

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON; one line a bundle when there are several.")]
Url = Annotated[str, typer.Option("--url", envvar="ASSAY_URL", help="Address of the service.")]
DEFAULT_URL = "http://127.0.0.1:8000"


@app.command()
def verify(
    path: Annotated[Path, typer.Argument(help="A bundle folder, an archive, or a folder of bundles.")],
    as_json: AsJson = False,
    keep: Annotated[Path | None, typer.Option("--evidence", help="Write the evidence archive here.")] = None,
) -> None:
    """Verify bundles on this machine: the whole job, no server, no account."""
    from cli.local import Local, bundles  # the service's commands need not load the sandbox
    from sandbox import Sandbox, host_python

    settings = Settings()
    found = bundles(path)
    if keep is not None and len(found) > 1:
        raise click.UsageError("--evidence takes one bundle at a time")
    python = host_python(settings.python, cache=settings.home / "cache")
    codes = []
    with Sandbox(minimum=settings.isolation) as box:
        local = Local(settings, box, python)
        for bundle in found:
            said = show.Steps(bundle.name)
            done = local.verify(bundle, said)
            said.end()
            codes.append(done.exit)
            if keep is not None and done.archive is not None:
                keep.write_bytes(done.archive)
            if as_json:
                named = {"bundle": done.path, **done.document} if len(found) > 1 else done.document
                typer.echo(json.dumps(named, ensure_ascii=False))
            else:
                show.verified(done.path, done.document)
    raise typer.Exit(worst(codes))


@app.command()
def serve(
    port: Annotated[int, typer.Option(help="Port on 127.0.0.1.")] = 8000,
    workers: Annotated[int, typer.Option(help="Runs at a time.", min=1, max=64)] = 2,
) -> None:
    """Run the whole service on this machine; state lies below $ASSAY_HOME."""
    from cli.supervisor import House, free_port, only_one

    settings = Settings()
    with only_one(settings.home):
        house = House(settings, free_port(port, fall_back=False), workers=workers)
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        house.start()
        try:
            typer.echo(f"assay serves at {house.url} (state in {settings.home}); Ctrl-C ends it", err=True)
            while True:
                house.tend()
                time.sleep(0.5)
        finally:
            house.stop()


@app.command()
def demo(
    port: Annotated[int | None, typer.Option(help="Port on 127.0.0.1; by default 8000 or a free one.")] = None,
    leave: Annotated[bool, typer.Option("--exit", help="Stop after the table.")] = False,
) -> None:
    """Start the service, submit every example through its interface, show the verdicts."""
    from cli.demo import run_demo

    raise typer.Exit(run_demo(Settings(), port, leave=leave))


@app.command()
def submit(  # noqa: PLR0913 - options of a command
    path: Annotated[Path, typer.Argument(help="A bundle folder or archive.")],
    wait: Annotated[bool, typer.Option("--wait", help="Wait for the verdict.")] = False,
    timeout: Annotated[float, typer.Option(help="Seconds to wait.")] = 3600,
    force: Annotated[bool, typer.Option("--force", help="Verify again although the same seal is known.")] = False,
    as_json: AsJson = False,
    url: Url = DEFAULT_URL,
) -> None:
    """Submit a bundle to a service."""
    from cli.client import Client, pack

    if not path.exists():
        raise click.UsageError(f"there is no {path}")
    with Client(url) as client:
        document = client.submit(pack(path) if path.is_dir() else path.read_bytes(), force=force)
        if wait:
            document = client.wait(document["id"], timeout, show.Steps(path.name).state)
    _finish(document, as_json=as_json, concluded=wait)


@app.command()
def watch(
    verification: Annotated[str, typer.Argument(help="ver_…")],
    timeout: Annotated[float, typer.Option(help="Seconds to wait.")] = 3600,
    as_json: AsJson = False,
    url: Url = DEFAULT_URL,
) -> None:
    """Follow a verification to its end."""
    from cli.client import Client

    with Client(url) as client:
        document = client.wait(verification, timeout, show.Steps(verification).state)
    _finish(document, as_json=as_json, concluded=True)


@evidence_app.command("verify")
def evidence_verify(
    file: Annotated[Path, typer.Argument(help="An evidence archive.")],
    as_json: AsJson = False,
) -> None:
    """Check an archive offline: every file hashed again, the verdict derived again.

    Exit 0 holds and the signer is trusted, 3 holds but unsigned, 1 contradicted, 2 unreadable.
    """
    from app.core import evidence

    try:
        report = evidence.verify(file.read_bytes())
    except (OSError, evidence.Unreadable) as error:
        typer.echo(f"unreadable: {error}", err=True)
        raise typer.Exit(Exit.REFUSED) from error
    if as_json:
        judgement = report.judgement.model_dump(mode="json") if report.judgement else None
        document = {"ok": report.ok, "signed": report.signed, "seal": report.seal, "findings": report.findings}
        typer.echo(json.dumps({**document, "members": report.members, "judgement": judgement}, ensure_ascii=False))
    else:
        show.report(report)
    raise typer.Exit(Exit.UNVERIFIED if report.ok else Exit.FALSIFIED)


@app.command()
def doctor(as_json: AsJson = False) -> None:
    """Audit this host: which isolation level it gives, what is missing, and the remedy for each lack."""
    from sandbox.doctor import audit

    report = audit(Settings().python)
    if as_json:
        typer.echo(json.dumps(report.as_json(), ensure_ascii=False))
    else:
        show.audit(report)
    raise typer.Exit(Exit.VERIFIED if report.level else Exit.FAULT)


@env_app.command("list")
def env_list(as_json: AsJson = False) -> None:
    """Show the environments of this host."""
    from sandbox import host_python

    settings = Settings()
    python = host_python(settings.python, cache=settings.home / "cache")
    document = {"name": python.name, "digest": python.digest, "interpreter": python.interpreter, **python.describe()}
    if as_json:
        typer.echo(json.dumps([document], ensure_ascii=False))
    else:
        typer.echo(f"{python.name}  {python.describe()['version']}  {python.interpreter}  {python.digest}")


@env_app.command("build")
def env_build(name: Annotated[str, typer.Argument(help="Name of the environment.")]) -> None:
    """Build an environment; `python` is the host's own interpreter, whose digest is computed and kept."""
    if name != "python":
        raise click.UsageError(f"there is no environment {name!r} to build; known: python")
    env_list(as_json=False)


def _finish(document: dict[str, Any], *, as_json: bool, concluded: bool) -> None:
    verdict = document.get("verdict")
    if as_json:
        typer.echo(json.dumps(document, ensure_ascii=False))
    else:
        show.verification(document)
    if not concluded:
        raise typer.Exit(0)
    raise typer.Exit(of_status(verdict["status"] if verdict else None))


def run() -> int:
    """Run the command; returns its exit code. Whatever is not foreseen is 5: 1 means FALSIFIED and nothing else."""
    from cli.client import ServiceError, Unreachable
    from cli.supervisor import CannotServe

    try:
        outcome = app(standalone_mode=False)
        return int(outcome or 0)
    except click.exceptions.Exit as error:
        return error.exit_code
    except click.ClickException as error:
        error.show()
        return Exit.REFUSED
    except (click.Abort, KeyboardInterrupt):
        return Exit.INTERRUPTED
    except Refusal as refusal:
        print(refusal, file=sys.stderr)
        return Exit.REFUSED
    except ValidationError as error:
        print(f"a setting is wrong: {error}", file=sys.stderr)
        return Exit.REFUSED
    except ServiceError as error:
        print(error, file=sys.stderr)
        return _of_http(error.status)
    except TimeoutError as error:
        print(error, file=sys.stderr)
        return Exit.TIMED_OUT
    except (CannotServe, Unreachable, AssayError, SandboxFault) as error:
        print(error, file=sys.stderr)
        return Exit.FAULT
    except SystemExit as error:
        return error.code if isinstance(error.code, int) else Exit.FAULT
    except Exception:  # noqa: BLE001 - the last door: nothing unforeseen may look like a verdict
        traceback.print_exc()
        return Exit.FAULT


def _of_http(status: int) -> Exit:
    if status in {401, 403}:
        return Exit.AUTH
    return Exit.REFUSED if status in {400, 404, 413, 415, 422} else Exit.FAULT
