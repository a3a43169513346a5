"""`kith run`: up, listening, and down again in order."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from contextlib import AsyncExitStack, suppress
from pathlib import Path

import typer

from bot import app, logs, runtime
from bot.cli.failures import Exit, Refused
from bot.cli.progress import bar
from bot.config import Config
from bot.config_file import Loaded, load
from bot.core import BadSettings
from storage.errors import DatabaseInUse


def run(file: Path | None, *, port: int | None, host: str | None, browser: bool, fresh: bool) -> None:
    """Run until Ctrl-C or a request to stop. Raises what `explain` puts into words."""
    loaded = load(file, options={("web", "port"): port, ("web", "host"): host})
    config = loaded.config
    logs.configure(config.kith.log_level, config.kith.log_format, sys.stderr, secrets=config.secrets())
    for problem in (*loaded.warnings, *loaded.exposed):
        typer.echo(f"{problem}", err=True)
    try:
        with asyncio.Runner(loop_factory=runtime.loop_factory()) as runner:
            runner.run(_serve(loaded, browser=browser, fresh=fresh))
    except DatabaseInUse as used:
        again = "\nTo come into its room again: kith link" if config.has_room else ""
        raise Refused(f"{used}{again}", Exit.IN_USE) from used
    except app.StartRefused as refusal:
        raise Refused(str(refusal)) from refusal
    except BadSettings as bad:
        raise loaded.refuse([((item.section, item.name), item.problem) for item in bad.wrong]) from bad


async def _serve(loaded: Loaded, *, browser: bool, fresh: bool) -> None:
    stop = _stop_on_signals()
    async with AsyncExitStack() as stack:
        with bar() as tell:
            kith = await stack.enter_async_context(app.running(loaded.config, fresh=fresh, progress=tell))
        runtime.started()
        if kith.link is None:
            typer.echo(f"Kith is up{_joining(loaded.config)}. Its health is at {kith.address}/healthz")
            if loaded.config.slack.client_id is not None:
                typer.echo(f"Slack workspaces let it in at {kith.address}/slack/install")
        else:
            from bot.cli.link import tell_link

            typer.echo(f"Kith is up. Your room is at {kith.address}")
            tell_link(kith.link)
        typer.echo("Ctrl-C stops it; everything is kept.")
        sys.stdout.flush()
        if browser and kith.link is not None and _has_screen():
            import webbrowser

            await asyncio.to_thread(webbrowser.open, kith.link)
        await stop.wait()
        typer.echo("Stopping.")


def _joining(config: Config) -> str:
    return (
        f", and connects to {' and '.join(map(str.capitalize, config.platforms))}" if config.platforms else ""
    )


def _stop_on_signals() -> asyncio.Event:
    """What the first Ctrl-C or SIGTERM sets. A second Ctrl-C is Python's own again, and waits for nothing."""
    stop, loop = asyncio.Event(), asyncio.get_running_loop()

    def asked(number: signal.Signals) -> None:
        loop.remove_signal_handler(number)
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        with suppress(NotImplementedError):  # Windows has none of these; Ctrl-C raises there
            loop.add_signal_handler(number, asked, number)
    return stop


def _has_screen() -> bool:
    """Whether a browser would open before the person at this terminal, and not in the terminal itself."""
    if not sys.stdout.isatty() or "SSH_CONNECTION" in os.environ:
        return False
    return sys.platform in ("win32", "darwin") or not {"DISPLAY", "WAYLAND_DISPLAY"}.isdisjoint(os.environ)
