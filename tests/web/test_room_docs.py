"""The page that describes the API names every address and every error there is, and no other."""

from __future__ import annotations

import re
from pathlib import Path

from tests.web.house import House

ROOT = Path(__file__).resolve().parents[2]
DOCS = (ROOT / "docs" / "room-api.md").read_text()
_CODE = re.compile(r'(?:Refused\(\s*|refusal\(\s*)"([a-z_]+)"')
_UNKNOWN = re.compile(r'unknown\("([a-z]+)"')


def test_every_error_is_described() -> None:
    sources = [*(ROOT / "bot/web").glob("*.py"), *(ROOT / "bot/platforms/local").glob("*.py")]
    text = "\n".join(path.read_text() for path in sources)
    raised = set(_CODE.findall(text)) | {f"unknown_{what}" for what in _UNKNOWN.findall(text)}
    table = DOCS.partition("## Errors")[2].partition("## For the page")[0]
    described = {
        code for row in table.splitlines() if row.startswith("| ") for code in re.findall(r"`([a-z_]+)`", row)
    }
    assert described - {"error"} == raised


async def test_every_address_is_described(house: House) -> None:
    for route in house.app.router.routes():
        assert route.resource is not None
        path = re.sub(r"\{(\w+)[^}]*\}", r"{\1}", route.resource.canonical)
        if path.startswith(("/api/dialogs", "/api/images", "/static")):
            path = path.rpartition("/")[0]
        assert path in DOCS, path
