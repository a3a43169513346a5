"""The files that docs/write-a-cog.md is made of."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

PAGE: Final = Path(__file__).resolve().parent.parent.parent / "docs/write-a-cog.md"
_BLOCK: Final = re.compile(r"^```(\w+)\n(?:#|--) (\S+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def write_files(folder: Path) -> None:
    """Each block of the page as the file that it names."""
    for language, name, body in _BLOCK.findall(PAGE.read_text(encoding="utf-8")):
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(body, encoding="utf-8")
        assert language in ("python", "sql", "toml", "po")
