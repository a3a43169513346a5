"""Which Kith this is; the same number as in pyproject.toml."""

from typing import Final

VERSION: Final = "0.1.0"
