"""Files: where they are uploaded to and fetched from."""

import mimetypes
import secrets
from typing import TYPE_CHECKING

from aiohttp import BodyPartReader, web

from .state import File

if TYPE_CHECKING:
    from .people import Person
    from .server import FakeSlack

_LOGIN_PAGE = "<!DOCTYPE html><html><head><title>Sign in | Slack</title></head><body>Sign in</body></html>"


class Uploads:
    """Serves `/upload/…` and `/files-pri/…`."""

    def __init__(self, slack: "FakeSlack") -> None:
        self._slack = slack
        self._expected: dict[str, File] = {}
        self.files: dict[str, File] = {}

    def _keep(self, file: File) -> None:
        self.files[file.id] = file
        file.url = f"{self._slack.url}/files-pri/{file.owner.workspace.id}-{file.id}/{file.name}"

    def expect(self, file: File) -> str:
        """The address that awaits a file's content."""
        self._keep(file)
        path = f"/upload/v1/{secrets.token_hex(16)}"
        self._expected[path] = file
        return self._slack.url + path

    def add(self, owner: "Person", name: str, content: bytes, title: str) -> File:
        """A file that a person uploaded in Slack's client."""
        kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
        now = int(self._slack.clock.now())
        file = File(
            self._slack.new_id("F"), name, title, owner, now, len(content), content=content, mimetype=kind
        )
        self._keep(file)
        return file

    async def receive(self, request: web.BaseRequest) -> web.StreamResponse:
        planned = self._slack.faults.strike("upload", {})
        file = self._expected.get(request.path)
        content = await _content(request)
        if planned is not None:
            from .api import misbehave
            from .faults import Delay, RateLimit, Refuse

            match planned.fault:
                case Refuse(error):
                    return web.Response(status=400, text=error)
                case RateLimit(retry_after):
                    return web.Response(status=429, headers={"Retry-After": str(retry_after)})
                case Delay():
                    await planned.released.wait()
                case fault:
                    if fault.accept and file is not None:
                        file.content = content
                    return await misbehave(self._slack, planned, request)
        if file is None or file.content is not None:
            return web.Response(status=404, text="not_found")
        if len(content) != file.declared_size:
            return web.Response(status=400, text=f"bad size: {len(content)} of {file.declared_size}")
        file.content = content
        self._slack.changes.touch()
        return web.Response(text=f"OK - {len(content)}")

    async def fetch(self, request: web.BaseRequest) -> web.StreamResponse:
        """url_private: without a good token Slack answers 200 with its sign-in page."""
        file_id = request.path.split("/")[2].partition("-")[2]
        file = self.files.get(file_id)
        header = request.headers.get("Authorization", "")
        token = self._slack.app.tell(header.removeprefix("Bearer "))
        if isinstance(token, str) or "files:read" not in token.scopes:
            return web.Response(text=_LOGIN_PAGE, content_type="text/html")
        if file is None or file.content is None or token.install is None:
            return web.Response(status=404)
        if file.owner.workspace is not token.install.workspace and not token.install.workspace.knows(
            file.owner
        ):
            return web.Response(status=404)
        return web.Response(body=file.content, content_type=file.mimetype)


async def _content(request: web.BaseRequest) -> bytes:
    """The raw body, or the first file of a multipart form."""
    if request.content_type != "multipart/form-data":
        return await request.read()
    async for part in await request.multipart():
        if isinstance(part, BodyPartReader):
            return bytes(await part.read())
    return b""
