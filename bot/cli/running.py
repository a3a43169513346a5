"""`kith run`: up, listening, and down again in order."""

from __future__ import annotations

import asyncio
import signal
import sys
import webbrowser
from contextlib import suppress
from pathlib import Path

import typer

from bot import app, logs
from bot.cli.failures import Refused
from bot.config_file import Loaded, load
from bot.core import BadSettings


def run(file: Path | None, *, port: int | None, host: str | None, browser: bool, fresh: bool) -> None:
    """Run until Ctrl-C or a request to stop. Raises what `explain` puts into words."""
    loaded = load(file, options={("web", "port"): port, ("web", "host"): host})
    config = loaded.config
    logs.configure(config.kith.log_level, config.kith.log_format, sys.stderr, secrets=config.secrets())
    for warning in loaded.warnings:
        typer.echo(f"{warning}", err=True)
    try:
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            runner.run(_serve(loaded, browser=browser, fresh=fresh))
    except app.StartRefused as refusal:
        raise Refused(str(refusal)) from refusal
    except BadSettings as bad:
        raise loaded.refuse([((item.section, item.name), item.problem) for item in bad.wrong]) from bad


async def _serve(loaded: Loaded, *, browser: bool, fresh: bool) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        with suppress(NotImplementedError):  # Windows has none of these; Ctrl-C raises there
            loop.add_signal_handler(name, stop.set)
    async with app.running(loaded.config, fresh=fresh) as kith:
        if kith.link is None:
            typer.echo(f"Kith is up. Its health is at {kith.address}/healthz")
        else:
            typer.echo(f"Kith is up. Your room is at {kith.address}")
            typer.echo(f"Come in with this link; it works once, within 15 minutes:\n\n  {kith.link}\n")
        typer.echo("Ctrl-C stops it; everything is kept.")
        sys.stdout.flush()
        if browser and kith.link is not None and sys.stdout.isatty():
            await asyncio.to_thread(webbrowser.open, kith.link)
        await stop.wait()
        typer.echo("Stopping.")


def _loop_factory() -> type[asyncio.AbstractEventLoop] | None:
    """uvloop where it is installed: a quarter faster."""
    try:
        import uvloop
    except ModuleNotFoundError:
        return None
    return uvloop.Loop
