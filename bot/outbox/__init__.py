"""What leaves: drafts become rows inside a unit, and are delivered once, in order, whatever happens.

The protocol, its states and what each crash leaves behind are described in ``docs/outbox.md``.
"""

from bot.outbox.draft import Draft, Priority
from bot.outbox.outbox import Outbox
from bot.outbox.resolve import Timing
from bot.outbox.staging import Staged

__all__ = ["Draft", "Outbox", "Priority", "Staged", "Timing"]
