"""The documents keep to the truth: links lead somewhere, and what can be configured or run is told."""

import re
import tomllib
from itertools import pairwise
from pathlib import Path

import pytest
import typer
from markdown_it import MarkdownIt

from bot import registry
from bot.cli import app
from bot.cli.failures import Exit
from bot.config import BUILT_IN_COGS, Config, keys, sections
from bot.config_file import load
from bot.keyring import new_key
from bot.settings import Sections
from bot.spec import of_dataclass

ROOT = Path(__file__).resolve().parent.parent
EXAMPLE = ROOT / "config.example.toml"
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])


def anchors(page: Path) -> set[str]:
    """The names under which a page's headings can be linked to, as on GitHub."""
    tokens = MarkdownIt().parse(page.read_text(encoding="utf-8"))
    found = set()
    for opening, inline in pairwise(tokens):
        if opening.type == "heading_open":
            text = "".join(child.content for child in inline.children or ())
            found.add(re.sub(r"[^\w\- ]", "", text).strip().lower().replace(" ", "-"))
    return found


def links(page: Path) -> list[str]:
    tokens = MarkdownIt().parse(page.read_text(encoding="utf-8"))
    children = [child for token in tokens for child in token.children or ()]
    targets = [child.attrGet("href") or child.attrGet("src") for child in children]
    return [str(target) for target in targets if target]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_link_leads_somewhere(page: Path) -> None:
    for link in links(page):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), f"{link} leads nowhere"
        assert target.is_relative_to(ROOT), f"{link} leads out of the project"
        if anchor:
            assert anchor in anchors(target), f"{link}: there is no such heading"


def test_the_documents_that_belong_to_a_project_are_there() -> None:
    for name in (
        "README.md",
        "LICENSE",
        "CONTRIBUTING.md",
        "SECURITY.md",
        "CHANGELOG.md",
        "config.example.toml",
    ):
        assert (ROOT / name).is_file(), name


def test_commands_named_in_the_documents_exist() -> None:
    known = {
        str(command.name or command.callback.__name__)
        for command in app.registered_commands
        if command.callback
    }
    known |= {str(group.name) for group in app.registered_groups}
    known |= {"test", "check", "bench", "help"}
    for page in PAGES:
        for command in re.findall(r"start\.py ([a-z]+)", page.read_text(encoding="utf-8")):
            assert command in known, f"{page.name}: {command}"


def test_every_command_and_exit_code_is_documented() -> None:
    text = (ROOT / "docs" / "command-line.md").read_text(encoding="utf-8")
    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    told = re.findall(r"^\| `([a-z]+)", text, re.MULTILINE)
    assert sorted(told) == sorted([*commands, "test", "check", "bench"])
    setup = re.findall(r"SetupError\(\s*(\d+)|exit\((\d+)\)", (ROOT / "start.py").read_text(encoding="utf-8"))
    codes = {int(code) for pair in setup for code in pair if code} | {12} | {code.value for code in Exit}
    codes -= {143}  # ended by SIGTERM, as the system has it
    assert {int(code) for code in re.findall(r"^\| (\d+) \|", text, re.MULTILINE)} == codes


# --- config.example.toml


def test_the_example_loads_as_it_is() -> None:
    assert load(EXAMPLE, environ={}).config.kith == Config().kith


def documented() -> dict[str, dict[str, str]]:
    """What the example says of each table: its keys, commented out or not, with their values' text."""
    tables: dict[str, dict[str, str]] = {}
    for line in EXAMPLE.read_text(encoding="utf-8").splitlines():
        if header := re.fullmatch(r"\[(\w+)\]", line):
            tables[header[1]] = {}
        elif pair := re.fullmatch(r"(?:# )?(\w+) = (.+)", line):
            tables[list(tables)[-1]][pair[1]] = pair[2]
    return tables


def test_the_example_documents_every_key_and_no_other() -> None:
    told = documented()
    for name, section in sections().items():
        assert sorted(told[name]) == sorted(keys(section)), name


def test_the_example_tells_the_true_defaults() -> None:
    for name, section in sections().items():
        defaults = section().model_dump(mode="json")
        for key, text in documented()[name].items():
            value = tomllib.loads(f"key = {text}")["key"]
            if defaults.get(key) is not None and key != "zone":
                assert value == defaults[key], f"{name}.{key}"


def test_the_example_documents_every_setting_of_the_features_and_no_other() -> None:
    told = documented()
    cogs, faults = registry.load(BUILT_IN_COGS)
    assert not faults
    for cog in cogs:
        assert sorted(told[cog.name]) == sorted(item.name for item in of_dataclass(cog.settings_type)), (
            cog.name
        )
    assert set(told) == {*sections(), *(cog.name for cog in cogs)}


ONE_WORKSPACE = {"bot_token", "app_token", "channels"}
MANY_WORKSPACES = {"client_id", "client_secret", "encryption_keys", "workspaces"}


@pytest.mark.parametrize("other_way", [ONE_WORKSPACE, MANY_WORKSPACES], ids=("many", "one"))
def test_everything_in_the_example_loads_when_it_is_uncommented(tmp_path: Path, other_way: set[str]) -> None:
    lines = []
    for name, pairs in documented().items():
        lines.append(f"[{name}]")
        left_out = other_way if name == "slack" else set()
        pairs |= {"encryption_keys": f'"{new_key()}"'} if name == "slack" else {}
        lines += [
            f"{key} = {value}"
            for key, value in pairs.items()
            if not key.endswith("_file") and key not in left_out
        ]
    file = tmp_path / "config.toml"
    file.write_text("\n".join(lines))
    config = load(file, environ={}).config
    assert config.platforms == ("discord", "slack")
    cogs, _ = registry.load(BUILT_IN_COGS)
    types = {cog.name: cog.settings_type for cog in cogs}
    assert Sections(types, config.cog_defaults, config.zone).wrong() == []
