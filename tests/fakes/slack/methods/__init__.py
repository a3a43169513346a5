"""The Web API methods, one module per family; `table` gathers them."""

from ..call import Method
from . import apps, chat, conversations, files, people, reactions, usergroups, views


def table() -> dict[str, Method]:
    """Every method by its name."""
    return {
        name: method
        for family in (apps, chat, conversations, files, people, reactions, usergroups, views)
        for name, method in family.METHODS.items()
    }
