"""The `assay` command. Results go to stdout, progress and complaints to stderr; exit codes are in `cli.exits`."""

from __future__ import annotations

import io
import os
import sys
import time
import traceback
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from app.core.errors import AssayError, Refusal
from cli import (
    approvals,
    assets,
    completion,
    env,
    evidence,
    hooks,
    keys,
    ledger,
    options,
    remote,
    reopening,
    show,
    sources,
    verdicts,
    watch,
)
from cli.errors import CannotServe, ServiceError, Unreachable, way_in
from cli.exits import Exit, of_http, worst
from cli.options import Annotations, AsJson, Junit, Sarif, Since, Summary, end_on_signals, print_json, read_settings
from cli.progress import Steps
from cli.words import say
from sandbox import Misused, SandboxFault

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False, rich_markup_mode=None)
app.callback()(options.main)
app.add_typer(evidence.app, name="evidence")
app.add_typer(keys.app, name="keys")
app.add_typer(hooks.app, name="hooks")
app.add_typer(assets.app, name="asset")
app.add_typer(env.app, name="env")
app.add_typer(ledger.app, name="ledger")
app.add_typer(sources.app, name="sources")


@app.command()
def init(
    folder: Annotated[Path, typer.Argument(help="Where the claim is written.")] = Path(),
) -> None:
    """Write a first claim.toml to edit. An existing one is left alone."""
    from cli.init import write_example

    path = write_example(folder)
    typer.echo(f"wrote {path}; edit it, then `assay verify {folder}`", err=True)


@app.command()
def verify(  # noqa: PLR0913 - options of a command
    paths: Annotated[
        list[Path], typer.Argument(metavar="PATH...", help="Bundle folders, archives, or folders of bundles.")
    ],
    as_json: Annotated[
        bool, typer.Option("--json", help="Print JSON; one line a bundle when there are several.")
    ] = False,
    keep: Annotated[Path | None, typer.Option("--evidence", help="Write the signed evidence archive here.")] = None,
    changed_since: Since = None,
    junit: Junit = None,
    sarif: Sarif = None,
    summary: Summary = None,
    annotations: Annotations = None,
) -> None:
    """Verify bundles on this machine. The whole job, no server, no account."""
    from cli.bundles import bundles_of
    from cli.local import Local  # the service's commands need not load the sandbox
    from cli.reports import Account, Reports, case_of
    from cli.temporary import sweep_abandoned
    from sandbox import Sandbox

    reports = Reports(junit, sarif, summary, annotations)
    reports.check()
    codes: list[Exit] = []
    account = Account(paths)
    with reports.however_it_ends(account):
        settings = read_settings()
        account.found, several = bundles_of(paths, changed_since)
        if not account.found:
            typer.echo(f"no bundle changed since {changed_since}", err=True)
        if keep is not None and several:
            raise typer.BadParameter("--evidence takes one bundle at a time")
        if keep is not None and (keep.is_dir() or not keep.parent.is_dir()):
            raise typer.BadParameter(
                f"the evidence cannot be written to {keep}: it is a folder, or its folder is not there"
            )
        signer = None if keep is None else keys.own_signer(settings)
        end_on_signals()
        sweep_abandoned()
        with Sandbox(minimum=settings.isolation, ahead=settings.prepared_boxes, engine=settings.engine) as box:
            local = Local(settings, box, signer)
            for bundle in account.found:
                said = Steps(bundle.resolve().name)
                begun = time.monotonic()
                done = local.verify(bundle, said)
                said.end()
                codes.append(done.exit)
                account.cases.append(case_of(bundle, done.document, time.monotonic() - begun))
                if keep is not None and done.archive is not None:
                    keep.write_bytes(done.archive)
                if as_json:
                    print_json({"bundle": done.path, **done.document} if several else done.document)
                else:
                    show.verified(done.path, done.document)
    raise typer.Exit(worst(codes) if codes else Exit.VERIFIED)


@app.command()
def lint(
    paths: Annotated[
        list[Path], typer.Argument(metavar="PATH...", help="Bundle folders, archives, or folders of bundles.")
    ],
    as_json: Annotated[
        bool, typer.Option("--json", help="Print JSON; one line a bundle when there are several.")
    ] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Exit with 2 over warnings too.")] = False,
    changed_since: Since = None,
) -> None:
    """Say what is wrong with bundles, with line and remedy. Nothing is run.

    An error is what intake would refuse, a warning or note what a verdict will suffer from.
    """
    from cli.bundles import bundles_of
    from cli.lint import ANY_SEAL, WARNING
    from cli.lint import lint as read
    from sandbox.built import built_names, modules
    from sandbox.recipe import shipped

    settings = read_settings()
    names = ("python", *shipped(), *built_names(settings.environment_folder))
    policy = settings.policy(dict.fromkeys(names, ANY_SEAL))
    held = {"python": frozenset[str](), **modules(settings.environment_folder)}
    found, _ = bundles_of(paths, changed_since)
    wrong = False
    for bundle in found:
        said = read(bundle, policy, held)
        wrong |= bool(said.problems) or (strict and any(item.level == WARNING for item in said.advice))
        if as_json:
            print_json(said.as_json())
        else:
            show.linted(said)
    raise typer.Exit(Exit.REFUSED if wrong else Exit.VERIFIED)


@app.command()
def serve(
    port: Annotated[int, typer.Option(help="Port to listen at.", min=1, max=65535)] = 8000,
    workers: Annotated[int, typer.Option(help="Runs at a time.", min=1, max=64)] = 2,
    host: Annotated[
        str, typer.Option(help="Address to listen at; another than this machine's own needs an API key to exist.")
    ] = "127.0.0.1",
) -> None:
    """Run the whole service on this machine. State lies below $ASSAY_HOME."""
    from app.settings_words import misspelt
    from cli.supervisor import House, free_port, keeps_apart, may_bind, only_one

    settings = read_settings()
    for told in misspelt(os.environ):
        say(f"warning: {told}", error=True)
    keeps_apart(settings)
    end_on_signals(0)
    with only_one(settings.home), suppress(KeyboardInterrupt):
        may_bind(settings, host)
        house = House(settings, free_port(port, fall_back=False, host=host), workers=workers, host=host)
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
    port: Annotated[
        int | None, typer.Option(help="Port on 127.0.0.1; by default 8000 or a free one.", min=1, max=65535)
    ] = None,
    leave: Annotated[bool, typer.Option("--exit", help="Stop after the table.")] = False,
) -> None:
    """Start a service, submit every example, show the verdicts."""
    from cli.demo import run_demo

    raise typer.Exit(run_demo(read_settings(), port, leave=leave))


app.command()(approvals.approve)
app.command()(remote.submit)
app.command()(watch.watch)
app.command()(reopening.reopen)
app.command()(remote.cancel)
app.command()(verdicts.verdicts)
app.command()(completion.completion)


@app.command()
def doctor(
    as_json: AsJson = False,
    gpu: Annotated[bool, typer.Option("--gpu", help="Also compute on every GPU of NVIDIA, in a box.")] = False,
) -> None:
    """Say what isolation this host gives, and what is missing.

    Each lack comes with its remedy. Where a service keeps its state here, alarms over stored evidence are told too; they do
    not change the exit code.
    """
    from sandbox.doctor import audit

    settings = read_settings()
    report = audit(settings.python, settings.engine, settings.state, gpu=gpu)
    stored = evidence.stored(settings)
    if as_json:
        print_json({**report.as_json(), "evidence": stored})
    else:
        show.audit(report)
        show.stored_evidence(stored)
    raise typer.Exit(Exit.VERIFIED if report.level else Exit.FAULT)


def run() -> int:
    """Run the command; returns its exit code. Whatever is not foreseen is 5: 1 means FALSIFIED and nothing else."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a verdict is not lost over a sign that a terminal lacks
    try:
        outcome = app(standalone_mode=False, prog_name="assay")
        sys.stdout.flush()  # a reader that went away is noticed here, not when Python ends
        return int(outcome or 0)
    except typer.TyperException as error:
        show.usage(error)
        return Exit.REFUSED
    except (typer.Abort, KeyboardInterrupt):
        return Exit.INTERRUPTED
    except Refusal as refusal:
        say(refusal, error=True)
        return Exit.REFUSED
    except ServiceError as error:
        say("\n".join(filter(None, [str(error), way_in(error)])), error=True)
        return of_http(error.status)
    except TimeoutError as error:
        say(error, error=True)
        return Exit.TIMED_OUT
    except Misused as error:
        say(error, error=True)
        return Exit.REFUSED
    except (CannotServe, Unreachable, AssayError, SandboxFault) as error:
        say(error, error=True)
        return Exit.FAULT
    except BrokenPipeError:
        return _closed()
    except OSError as error:
        say(f"{error.filename or 'this machine'}: {error.strerror or error}", error=True)
        return Exit.FAULT
    except SystemExit as error:
        if isinstance(error.__context__, BrokenPipeError):
            return _closed()  # Typer exits with 1 then, and 1 would say FALSIFIED
        return error.code if isinstance(error.code, int) and error.code != Exit.FALSIFIED else Exit.FAULT
    except Exception:  # noqa: BLE001 - the last door: nothing unforeseen may look like a verdict
        traceback.print_exc()
        return Exit.FAULT


def _closed() -> Exit:
    """End without a word: nobody reads it, and Python would complain when it flushes what is left."""
    with suppress(OSError, ValueError):  # a stream that is no file has nothing left to flush
        out = sys.stdout.fileno()
        os.dup2(os.open(os.devnull, os.O_WRONLY), out)
    return Exit.CLOSED
