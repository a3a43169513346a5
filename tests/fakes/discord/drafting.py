"""From a request's body to a message: the rules that the OpenAPI document leaves out."""

from __future__ import annotations

import mimetypes
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from . import wire
from .components import Json, check_message, stored
from .errors import FormErrors, refusal
from .mentions import Mentions, check_allowed, notified
from .model import COMPONENTS_V2, EPHEMERAL, SUPPRESS_NOTIFICATIONS, Attachment, Message
from .permissions import P

if TYPE_CHECKING:
    from .model import Channel
    from .world import World

MAX_CONTENT, MAX_EMBEDS_TEXT, MAX_FILE_BYTES = 2000, 6000, 10 * 1024 * 1024
_EMBED_LIMITS = {"title": 256, "description": 4096}
SUPPRESS_EMBEDS = 1 << 2
_SETTABLE = SUPPRESS_EMBEDS | SUPPRESS_NOTIFICATIONS | COMPONENTS_V2
_LEGACY = ("content", "embeds", "sticker_ids", "poll")


@dataclass(slots=True)
class Upload:
    """A file that came with a request, or that a person picks."""

    filename: str
    data: bytes
    content_type: str = ""

    def __post_init__(self) -> None:
        if not self.content_type or self.content_type == "application/octet-stream":
            self.content_type = mimetypes.guess_type(self.filename)[0] or "application/octet-stream"


@dataclass(slots=True)
class Draft:
    """What a body asks for, checked and resolved. `given` are the parts that the body named."""

    content: str = ""
    embeds: list[Json] = field(default_factory=list)
    components: list[Json] = field(default_factory=list)
    attachments: list[Attachment] = field(default_factory=list)
    flags: int = 0
    mentions: Mentions = field(default_factory=Mentions)
    reply_to: int | None = None
    given: set[str] = field(default_factory=set)


def draft(
    world: World,
    channel: Channel,
    body: Json,
    files: dict[int, Upload],
    *,
    permissions: int,
    before: Message | None = None,
    interaction: bool = False,
    root: tuple[str | int, ...] = (),
) -> Draft:
    """Check `body` for `channel`. `before` is the message that is edited.

    `permissions` are the author's in the channel; an `interaction` answer may be private.
    Raises ApiError with everything that is wrong in the form, or the first other refusal.
    """
    errors = FormErrors()
    made = Draft(given={key for key, value in body.items() if value is not None or before is not None})
    made.flags = _flags(body, before, interaction, errors, root)
    v2 = bool(made.flags & COMPONENTS_V2)
    made.content = _content(body, errors, root)
    made.embeds = _embeds(body.get("embeds") or [], errors, root)
    made.attachments = _attachments(world, body, files, before, bool(made.flags & EPHEMERAL), errors, root)
    filenames = {file.filename for file in made.attachments}
    components = body.get("components") or []
    if v2:
        _check_no_legacy(body, before, errors, root)
    shown = check_message(components, v2=v2, filenames=filenames, errors=errors, root=root)
    allowed = body.get("allowed_mentions")
    if allowed is not None:
        check_allowed(allowed, errors)
    reply_to = _reply_to(channel, body.get("message_reference"), permissions, errors)
    made.reply_to = reply_to.id if reply_to else None
    errors.check()
    if components:
        by_name = {file.filename: wire.attachment(file, world, channel.id) for file in made.attachments}
        made.components = stored(components, by_name)
    if made.content or components or reply_to:
        spoken = "\n".join([made.content, *shown])
        made.mentions = notified(spoken, allowed, channel, permissions, world, reply_to=reply_to)
    if before is None:
        _check_not_empty(made, body)
    elif not (made.given & {"content", "embeds", "components", "attachments", "flags"}):
        raise refusal(50006)
    if made.attachments and before is None and not interaction and not permissions & P.ATTACH_FILES:
        raise refusal(50013)
    if made.embeds and not interaction and not permissions & P.EMBED_LINKS:
        raise refusal(50013)
    return made


def _flags(
    body: Json, before: Message | None, interaction: bool, errors: FormErrors, root: tuple[str | int, ...]
) -> int:
    flags = body.get("flags") or 0
    settable = _SETTABLE | (EPHEMERAL if interaction else 0)
    if before is not None:
        keep = before.flags & ~SUPPRESS_EMBEDS
        return keep | flags & (SUPPRESS_EMBEDS | COMPONENTS_V2) if "flags" in body else before.flags
    if flags & ~settable:
        errors.add((*root, "flags"), "MESSAGE_FLAGS_INVALID", "These flags cannot be set by an application")
    return int(flags)


def _content(body: Json, errors: FormErrors, root: tuple[str | int, ...]) -> str:
    content = (body.get("content") or "").strip()
    if len(content) > MAX_CONTENT:
        errors.too_long((*root, "content"), MAX_CONTENT)
    return content


def _embeds(embeds: list[Json], errors: FormErrors, root: tuple[str | int, ...]) -> list[Json]:
    total, kept = 0, []
    for index, embed in enumerate(embeds):
        path = (*root, "embeds", index)
        total += _embed_length(embed, path, errors)
        if total > MAX_EMBEDS_TEXT:
            message = f"Embed size exceeds maximum size of {MAX_EMBEDS_TEXT}"
            errors.add((*root, "embeds"), "MAX_EMBED_SIZE_EXCEEDED", message)
        kept.append({"type": "rich"} | {key: value for key, value in embed.items() if value is not None})
    return kept


def _embed_length(embed: Json, path: tuple[str | int, ...], errors: FormErrors) -> int:
    texts = [embed.get("title"), embed.get("description")]
    for key, limit in _EMBED_LIMITS.items():
        if len(embed.get(key) or "") > limit:
            errors.too_long((*path, key), limit)
    for index, item in enumerate(embed.get("fields") or ()):
        for key in ("name", "value"):
            if not (item.get(key) or "").strip():
                errors.missing((*path, "fields", index, key))
        texts += [item.get("name"), item.get("value")]
    texts.append((embed.get("footer") or {}).get("text"))
    texts.append((embed.get("author") or {}).get("name"))
    return sum(len(text.strip()) for text in texts if text)


def _attachments(
    world: World,
    body: Json,
    files: dict[int, Upload],
    before: Message | None,
    private: bool,
    errors: FormErrors,
    root: tuple[str | int, ...],
) -> list[Attachment]:
    named = body.get("attachments")
    kept = list(before.attachments) if before else []
    if not files and not named:
        return [] if named is not None else kept
    path = (*root, "attachments")
    if named is not None:
        wanted = {int(item["id"]) for item in named}
        kept = [file for file in kept if file.id in wanted]
    described = {int(item["id"]): item for item in named or ()}
    for index in described:
        if index not in files and not any(file.id == index for file in kept):
            errors.add(path, "ATTACHMENT_NOT_FOUND", f"There is no uploaded file with id {index}")
    for index, file in sorted(files.items()):
        if len(file.data) > MAX_FILE_BYTES:
            raise refusal(40005)
        about = described.get(index, {})
        kept.append(
            Attachment(
                world.snowflakes.next(),
                about.get("filename") or file.filename,
                file.data,
                file.content_type,
                about.get("description"),
                ephemeral=private,
            )
        )
    if len(kept) > 10:
        errors.add(path, "BASE_TYPE_BAD_LENGTH", "Must be between 0 and 10 in length.")
    return kept


def _check_no_legacy(
    body: Json, before: Message | None, errors: FormErrors, root: tuple[str | int, ...]
) -> None:
    code = "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2"
    for key in _LEGACY:
        left = before is not None and key not in body and bool(getattr(before, key, None))
        if body.get(key) or left:
            message = f"The '{key}' field cannot be used when using MessageFlags.IS_COMPONENTS_V2"
            errors.add((*root, key), code, message)


def _reply_to(
    channel: Channel, reference: Json | None, permissions: int, errors: FormErrors
) -> Message | None:
    if not reference or reference.get("type"):
        return None
    original = channel.by_id.get(int(reference["message_id"]))
    if original is None:
        if reference.get("fail_if_not_exists", True):
            errors.add(("message_reference",), "REPLIES_UNKNOWN_MESSAGE", "Unknown message")
        return None
    if not permissions & P.READ_MESSAGE_HISTORY:
        raise refusal(160002)
    return original


def _check_not_empty(made: Draft, body: Json) -> None:
    if made.content or made.embeds or made.components or made.attachments or body.get("poll"):
        return
    raise refusal(50006)
