"""The command line, `kith`. Each command imports what it needs itself, so that all start fast."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Final, NoReturn

import typer
from typer.exceptions import TyperException

from bot.cli.failures import Exit, explain, program

HELP: Final = """Kith looks after a community: it welcomes, thanks and shares.

Exit codes: 0 fine · 1 a check failed · 2 a mistake in the command or the
configuration · 3 the database failed · 4 the address can't be listened on ·
5 another Kith runs on this database · 70 a fault in Kith · 130 Ctrl-C.
"""

app: Final = typer.Typer(add_completion=False, no_args_is_help=True, help=HELP)

ConfigFile = Annotated[
    Path | None,
    typer.Option("--config", "-c", metavar="FILE", help="The configuration, instead of config.toml."),
]


@app.callback()
def options(
    debug: Annotated[bool, typer.Option("--debug", help="Show where an error comes from; log more.")] = False,
) -> None:
    """Options that every command has."""


@app.command()
def run(
    config: ConfigFile = None,
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="Where to listen; 0 takes a free one.")
    ] = None,
    host: Annotated[str | None, typer.Option(help="The address to listen on.")] = None,
    browser: Annotated[bool, typer.Option(help="Open the room in a browser.")] = True,
    fresh: Annotated[bool, typer.Option("--fresh", help="Begin the local room anew.")] = False,
) -> None:
    """Open Kith, and keep it running until Ctrl-C."""
    from bot import runtime

    runtime.starting()

    from bot.cli.running import run

    run(config, port=port, host=host, browser=browser, fresh=fresh)


@app.command()
def link(config: ConfigFile = None) -> None:
    """Print a fresh one-time link into the room, while Kith is running."""
    from bot.cli.link import show

    show(config)


@app.command()
def doctor(
    config: ConfigFile = None,
    json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
) -> None:
    """Look whether everything is all right. Changes nothing."""
    from bot.cli.checkup import show

    raise SystemExit(show(config, as_json=json))


connect: Final = typer.Typer(no_args_is_help=True, help="Connect to a chat platform, step by step.")
app.add_typer(connect, name="connect")


@connect.command("discord")
def connect_discord(config: ConfigFile = None) -> None:
    """Lead from a token to a bot at home in a Discord server. Each step can be repeated."""
    from bot.cli.connect import connect

    connect(config)


@connect.command("slack")
def connect_slack(
    manifest: Annotated[bool, typer.Option("--manifest", help="Only print the app's manifest.")] = False,
    http: Annotated[bool, typer.Option("--http", help="Requests over HTTP, not Socket Mode.")] = False,
    oauth: Annotated[
        bool, typer.Option("--oauth", help="For several workspaces, which install it themselves.")
    ] = False,
    config: ConfigFile = None,
) -> None:
    """Lead from the app's manifest to a bot at home in a Slack workspace. Each step can be repeated."""
    from bot.cli.connect_slack import connect, print_manifest

    if manifest:
        print_manifest(config, http=http, oauth=oauth)
    else:
        connect(config, http=http, oauth=oauth)


slack: Final = typer.Typer(no_args_is_help=True, help="Slack workspaces that installed Kith themselves.")
app.add_typer(slack, name="slack")


@slack.command("workspaces")
def slack_workspaces(config: ConfigFile = None) -> None:
    """List them, with what became of each."""
    from bot.cli.slack import show_workspaces

    show_workspaces(config)


@slack.command("remove")
def slack_remove(
    workspace: Annotated[str, typer.Argument(help="Its id, like T0123ABCD, or its name.")],
    config: ConfigFile = None,
) -> None:
    """Remove Kith from a workspace, while Kith is not running. What people told it stays."""
    from bot.cli.slack import remove

    remove(config, workspace)


@slack.command("new-key")
def slack_new_key() -> None:
    """Print a new key for slack.encryption_keys."""
    from bot.keyring import new_key

    typer.echo(new_key())


@slack.command("rotate-keys")
def slack_rotate_keys(config: ConfigFile = None) -> None:
    """Encrypt all tokens anew, with the first of slack.encryption_keys."""
    from bot.cli.slack import rotate_keys

    rotate_keys(config)


@app.command()
def migrate(config: ConfigFile = None) -> None:
    """Bring the database to this version, after a backup. Starting Kith does so too."""
    from bot.cli.data import migrate

    migrate(config)


@app.command()
def backup(
    file: Annotated[
        Path | None, typer.Argument(help="Where to; a dated file in the data folder if left out.")
    ] = None,
    config: ConfigFile = None,
) -> None:
    """Copy the database to a file, checked, while Kith may be running."""
    from bot.cli.data import back_up

    back_up(config, file)


@app.command()
def restore(
    file: Annotated[Path, typer.Argument(help="A file that `backup` made.")],
    config: ConfigFile = None,
) -> None:
    """Put a backup in the place of the database. The one replaced is kept beside it."""
    from bot.cli.data import restore

    restore(config, file)


@app.command()
def export(
    folder: Annotated[Path, typer.Argument(help="A new folder for the files.")],
    person: Annotated[
        str | None, typer.Option(metavar="KEY", help="Only what is kept about this person.")
    ] = None,
    community: Annotated[
        str | None, typer.Option(metavar="NAME", help="Which, where there are several.")
    ] = None,
    config: ConfigFile = None,
) -> None:
    """Write everything of a community, or of one person, as JSON files."""
    from bot.cli.export import export

    export(config, folder, person=person, community=community)


settings: Final = typer.Typer(no_args_is_help=True, help="See and change the settings of each space.")
app.add_typer(settings, name="settings")

InSpace = Annotated[
    str | None, typer.Option("--space", metavar="SPACE", help="Which space, where there are several.")
]


@settings.command("list")
def settings_list(config: ConfigFile = None) -> None:
    """List the spaces that Kith knows."""
    from bot.cli.settings import show_spaces

    show_spaces(config)


@settings.command("show")
def settings_show(
    section: Annotated[str | None, typer.Argument(help="A feature, like welcome; all if left out.")] = None,
    space: InSpace = None,
    config: ConfigFile = None,
) -> None:
    """Show the settings of a space, and who set them."""
    from bot.cli.settings import show

    show(config, section, space)


@settings.command("set")
def settings_set(
    name: Annotated[str, typer.Argument(help="The setting, like welcome.channel.")],
    value: Annotated[list[str], typer.Argument(help="What to set it to, as written in chat.")],
    space: InSpace = None,
    config: ConfigFile = None,
) -> None:
    """Change a setting, while Kith is not running. Everybody there can see it in the log."""
    from bot.cli.settings import change

    change(config, name, value, space)


@settings.command("unset")
def settings_unset(
    name: Annotated[str, typer.Argument(help="The setting, like welcome.channel.")],
    space: InSpace = None,
    config: ConfigFile = None,
) -> None:
    """Put a setting back to its default, while Kith is not running."""
    from bot.cli.settings import change

    change(config, name, [], space)


@app.command()
def translations(
    cogs: Annotated[
        list[str] | None, typer.Argument(metavar="[COG]...", help="Modules of cogs; all if left out.")
    ] = None,
    add: Annotated[
        list[str] | None, typer.Option(metavar="LANGUAGE", help="Begin a catalogue, like de or pt_BR.")
    ] = None,
    config: ConfigFile = None,
) -> None:
    """Bring the translations of commands up to date with the code. Tells what is missing."""
    from bot.cli.translations import bring_up_to_date

    raise SystemExit(bring_up_to_date(config, cogs or [], add or []))


@app.command()
def version() -> None:
    """Say which Kith this is."""
    import platform
    import sqlite3

    from bot.version import VERSION

    typer.echo(f"Kith {VERSION} (Python {platform.python_version()}, SQLite {sqlite3.sqlite_version})")


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run a command and exit with its code. An error is a line or two; with --debug the whole traceback."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in given
    given = [argument for argument in given if argument != "--debug"]
    if debug:
        os.environ.setdefault("KITH_LOG_LEVEL", "debug")
    command = typer.main.get_command(app)
    try:
        code = command(given, prog_name=program(), standalone_mode=False)
    except TyperException as error:
        code = Exit.USAGE
        if message := error.format_message():
            typer.echo(f"{message}\n`{_help(given)}` tells what there is.", err=True)
    except BrokenPipeError:  # whoever read our output has gone, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 141
    except (KeyboardInterrupt, typer.Abort):
        code = Exit.INTERRUPTED
    except Exception as error:
        if debug:
            raise
        code, message = explain(error)
        typer.echo(message, err=True)
    raise SystemExit(int(code or 0))


def _help(given: Sequence[str]) -> str:
    """The command that explains what was meant. `start.py --help` speaks of start.py itself."""
    known = [word for word in given[:1] if word in typer.main.get_group(app).commands]
    if known:
        return f"{program()} {known[0]} --help"
    return f"{program()} --help" if program() == "kith" else f"{program()} help"
