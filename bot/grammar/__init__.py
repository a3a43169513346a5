"""Schedules, moments and dates as people write them: text to rule, and rule back to text.

What says a rule is here. What reads one is in `schedule` and `moment`, to be imported where somebody has
written one: most starts need none of it.
"""

from bot.grammar.describe import describe, echo, say_occurrence

__all__ = ["describe", "echo", "say_occurrence"]
