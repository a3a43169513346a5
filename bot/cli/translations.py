"""`kith translations`: brings catalogues up to date with the commands, and tells what they lack."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import typer

from bot import core, registry, translations
from bot.cli.failures import Exit, Refused
from bot.config_file import load
from bot.redact import visible
from bot.translations import SUFFIX, BrokenCatalogue, Folder


def bring_up_to_date(config: Path | None, modules: Sequence[str], add: Sequence[str]) -> Exit:
    """Update the catalogues of these cogs, or of all, and begin those to ``add``.

    CHECK_FAILED if one is incomplete or has a mistake. Raises Refused for a cog that can't be used.
    """
    configured = load(config).config
    cogs, faults = registry.load(modules or configured.kith.cogs)
    known = core.registry_of(cogs, core.sections_of(cogs, {}, configured.zone), faults)
    if known.faults:
        raise Refused("\n".join(f"{fault.name}: {fault.problem}" for fault in known.faults))
    chosen = cogs if modules else list(known.cogs.values())
    told = [
        _update(folder, Path(str(file)))
        for folder in translations.folders(chosen, known.catalog)
        for file in sorted({*map(str, folder.files()), *_to_add(folder, add)})
    ]
    if not told:
        typer.echo("There is no catalogue yet. Begin one with --add, for example: --add de")
    return Exit.FINE if all(told) else Exit.CHECK_FAILED


def _to_add(folder: Folder, add: Sequence[str]) -> list[str]:
    return [str(folder.path / f"{language}{SUFFIX}") for language in add if folder.phrases]


def _update(folder: Folder, file: Path) -> bool:
    """Whether the catalogue, brought up to date, has all and no mistake."""
    shown = file.relative_to(Path.cwd()) if file.is_relative_to(Path.cwd()) else file
    try:
        locale = translations.locale_of(file)
        there = file.exists()
        now = translations.updated(folder, locale, translations.parse(file) if there else None)
        content = translations.written(now)
        if not there or content != file.read_bytes():
            file.parent.mkdir(exist_ok=True)
            file.write_bytes(content)
        done, problems = translations.usable(folder, file)
    except BrokenCatalogue as broken:
        typer.echo(visible(str(broken)))
        return False
    typer.echo(f"{shown}: {len(done)} of {len(folder.phrases)} translated")
    for problem in problems:
        typer.echo(visible(f"{problem}"))
    return len(done) == len(folder.phrases) and not problems
