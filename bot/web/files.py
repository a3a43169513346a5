"""The page's own files, read once, sent with an ETag of their content."""

from __future__ import annotations

import hashlib
import mimetypes
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from aiohttp import ETag, web

from bot.platforms.local.refused import Refused

FOLDER: Final = Path(__file__).parent / "static"
_TEXT = frozenset({"text/css", "text/html", "text/plain", "text/javascript", "image/svg+xml"})
_TYPES = {
    ".js": "text/javascript",
    ".mjs": "text/javascript",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
}


@dataclass(frozen=True, slots=True)
class _File:
    body: bytes
    media_type: str
    tag: str


class Files:
    """All files of a folder, by their path in it."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self._held = {
            path.relative_to(folder).as_posix(): _read(path)
            for path in sorted(folder.rglob("*"))
            if path.is_file() and not any(part.startswith(".") for part in path.relative_to(folder).parts)
        }

    async def serve(self, request: web.Request) -> web.Response:
        return self.answer(request, request.match_info["path"])

    def answer(self, request: web.Request, path: str) -> web.Response:
        """The file, or 304 where the browser has it. Raises Refused."""
        file = self._held.get(path)
        if file is None:
            raise Refused("not_found", "There is no such file.")
        response = web.Response(headers={"Cache-Control": "no-cache"})
        response.etag = file.tag
        if any(tag.value in (file.tag, "*") for tag in request.if_none_match or ()):
            response.set_status(304)
            return response
        response.body = file.body
        response.content_type = file.media_type
        if file.media_type in _TEXT:
            response.charset = "utf-8"
        return response


def _read(path: Path) -> _File:
    body = path.read_bytes()
    media_type = _TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    return _File(body, media_type, ETag(hashlib.sha256(body).hexdigest()[:32]).value)
