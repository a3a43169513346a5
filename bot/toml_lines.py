"""On which line each key of a TOML text stands, for error messages; `tomllib` does not tell."""

from __future__ import annotations

import re
import tomllib
from typing import TypeAlias

KeyPath: TypeAlias = tuple[str | int, ...]

_BLANK = re.compile(r"(?:[ \t\n\r]|#[^\n]*)*")
_STRING = re.compile(
    r'"""(?:\\.|[^\\])*?"""(?:"{0,2})'
    r"|'''.*?'''(?:'{0,2})"
    r'|"(?:\\.|[^"\\])*"'
    r"|'[^']*'",
    re.DOTALL,
)
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_BARE_VALUE = re.compile(r"[^,\]}#\n]+")


def locate(text: str) -> dict[KeyPath, int]:
    """The line, from 1, of every table, key and list item of `text`, which must be valid TOML.

    A list item's path ends in its index. A table that only its children name stands where the first does.
    """
    return _Reader(text).read()


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.lines: dict[KeyPath, int] = {}
        self.tables_in: dict[KeyPath, int] = {}  # how many [[tables]] each list has so far

    def read(self) -> dict[KeyPath, int]:
        table: KeyPath = ()
        while self.skip_blank():
            if self.skip("[["):
                parents, line = self.key(), self.line()
                table = self.resolve(parents[:-1], line) + parents[-1:]
                self.lines.setdefault(table, line)
                self.tables_in[table] = index = self.tables_in.get(table, -1) + 1
                table = (*table, index)
                self.lines[table] = line
                self.skip_blank()
                self.skip("]]")
            elif self.skip("["):
                line = self.line()
                table = self.resolve(self.key(), line)
                self.lines[table] = line
                self.skip_blank()
                self.skip("]")
            else:
                self.pair(table)
        return self.lines

    def resolve(self, key: KeyPath, line: int) -> KeyPath:
        """The path of a header's table: in a list of tables, it belongs to the last one so far."""
        path: KeyPath = ()
        for part in key:
            path = (*path, part)
            self.lines.setdefault(path, line)
            if path in self.tables_in:
                path = (*path, self.tables_in[path])
        return path

    def pair(self, table: KeyPath) -> None:
        line = self.line()
        path = table
        for part in self.key():
            path = (*path, part)
            self.lines.setdefault(path, line)
        self.skip_blank()
        self.skip("=")
        self.skip_blank()
        self.value(path)

    def key(self) -> KeyPath:
        parts: list[str] = []
        while True:
            self.skip_blank()
            if quoted := _STRING.match(self.text, self.at):
                self.at = quoted.end()
                parts.append(tomllib.loads(f"key = {quoted[0]}")["key"])
            else:
                parts.append(self.take(_BARE_KEY))
            self.skip_blank()
            if not self.skip("."):
                return tuple(parts)

    def value(self, path: KeyPath) -> None:
        if self.skip("["):
            index = 0
            while self.skip_blank() and not self.skip("]"):
                if not self.skip(","):
                    self.lines[*path, index] = self.line()
                    self.value((*path, index))
                    index += 1
        elif self.skip("{"):
            while self.skip_blank() and not self.skip("}"):
                if not self.skip(","):
                    self.pair(path)
        elif string := _STRING.match(self.text, self.at):
            self.at = string.end()
        else:
            self.take(_BARE_VALUE)

    def skip_blank(self) -> bool:
        """Go past white space and comments; returns whether anything is left."""
        self.take(_BLANK)
        return self.at < len(self.text)

    def skip(self, token: str) -> bool:
        if not self.text.startswith(token, self.at):
            return False
        self.at += len(token)
        return True

    def take(self, pattern: re.Pattern[str]) -> str:
        found = pattern.match(self.text, self.at)
        if found is None:
            raise ValueError(f"not valid TOML at line {self.line()}")
        self.at = found.end()
        return found[0]

    def line(self) -> int:
        return self.text.count("\n", 0, self.at) + 1
