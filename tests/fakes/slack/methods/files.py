"""files.*: the external upload in three steps, and looking a file up."""

import mimetypes
from typing import Any

from ..call import Call, Method, Refusal
from ..state import File


def upload_url(call: Call) -> dict[str, Any]:
    length = call.number("length", 0)
    if length <= 0:
        raise Refusal("invalid_arguments")
    name = call.need("filename")
    file = File(
        call.slack.new_id("F"),
        name,
        name,
        call.user,
        int(call.slack.clock.now()),
        declared_size=length,
        alt_text=call.text("alt_txt"),
        mimetype=mimetypes.guess_type(name)[0] or "application/octet-stream",
    )
    return {"upload_url": call.slack.uploads.expect(file), "file_id": file.id}


def complete(call: Call) -> dict[str, Any]:
    wanted = call.json("files", "invalid_arguments")
    if not isinstance(wanted, list) or not wanted:
        raise Refusal("invalid_arguments")
    files = []
    for entry in wanted:
        file = call.slack.uploads.files.get(str(entry.get("id")))
        if file is None or file.content is None or file.complete or file.owner is not call.user:
            raise Refusal("file_not_found")
        files.append((file, entry.get("title")))
    places = [name for name in (call.text("channel_id"), *call.names("channels")) if name]
    channels = [call.find_channel(name) for name in places]
    for channel in channels:
        if channel is None:
            raise Refusal("invalid_channel")
        if not channel.holds(call.user) or channel.archived or channel.read_only:
            raise Refusal("posting_to_channel_denied")
    thread_ts = call.text("thread_ts") or None
    for number, (file, title) in enumerate(files):
        file.complete = True
        file.title = title or file.title
        for channel in channels:
            if channel is not None:
                comment = call.text("initial_comment") if number == 0 else ""
                more = {"files": [file], "thread_ts": thread_ts, "by_app": True}
                call.slack.acts.post(channel, call.user, comment, subtype="file_share", **more)
    call.slack.changes.touch()
    return {"files": [file.as_json() for file, _ in files]}


def info(call: Call) -> dict[str, Any]:
    file = call.slack.uploads.files.get(call.need("file"))
    if file is None or file.content is None:
        raise Refusal("file_not_found")
    return {"file": file.as_json(), "comments": [], "response_metadata": {"next_cursor": ""}}


def delete(call: Call) -> dict[str, Any]:
    file = call.slack.uploads.files.get(call.need("file"))
    if file is None:
        raise Refusal("file_not_found")
    if file.owner is not call.user:
        raise Refusal("cant_delete_file")
    del call.slack.uploads.files[file.id]
    call.slack.changes.touch()
    return {}


METHODS = {
    "files.getUploadURLExternal": Method(
        upload_url, "filename length alt_txt snippet_type", ("files:write",), tier=4
    ),
    "files.completeUploadExternal": Method(
        complete,
        "files channel_id channels initial_comment thread_ts blocks",
        ("files:write",),
        tier=4,
        json=True,
    ),
    "files.info": Method(info, "file cursor limit", ("files:read",), tier=4),
    "files.delete": Method(delete, "file", ("files:write",), json=True),
}
