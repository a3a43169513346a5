"""The page's own files keep the rules that no browser can check at a glance."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

STATIC = Path(__file__).resolve().parents[2] / "bot" / "web" / "static"
MODULES = sorted((STATIC / "js").glob("*.js"))
MARKUP_SINKS = re.compile(
    r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|srcdoc"
)


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.name)
def test_a_module_never_reads_words_as_markup_and_stays_small(module: Path) -> None:
    text = module.read_text(encoding="utf-8")
    assert MARKUP_SINKS.search(text) is None
    assert text.startswith("/**")
    assert text.count("\n") <= 400


def test_every_module_that_is_imported_exists_and_is_reached() -> None:
    reached = set()
    waiting = [STATIC / "js" / "main.js"]
    while waiting:
        module = waiting.pop()
        if module in reached:
            continue
        reached.add(module)
        found = re.findall(r'from "\./([\w-]+\.js)"', module.read_text(encoding="utf-8"))
        waiting += [STATIC / "js" / name for name in found]
    assert reached | {STATIC / "js" / "types.js"} == set(MODULES)


def test_the_page_has_nothing_inline_and_all_that_it_names() -> None:
    page = (STATIC / "index.html").read_text(encoding="utf-8")
    assert re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=", page) is None
    for address in re.findall(r'(?:src|href)="([^"#]+)"', page):
        assert (STATIC / address.removeprefix("/static/")).is_file(), address


def test_no_stylesheet_or_script_asks_another_server() -> None:
    for path in STATIC.rglob("*"):
        if path.suffix in (".css", ".js", ".html", ".svg"):
            text = path.read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
            assert re.search(r"""(?:url\(|src=|href=|import )["']?(?:https?:)?//""", text) is None, path
