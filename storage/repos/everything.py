"""All that is stored of one community, whichever part of the bot stored it, for taking it along."""

from __future__ import annotations

from storage.port import Row, Tx

_TABLES = {
    "sqlite": "SELECT tables.name AS name"
    " FROM sqlite_master AS tables, pragma_table_info(tables.name) AS columns"
    " WHERE tables.type = 'table' AND columns.name = 'community' ORDER BY tables.name",
    "postgres": "SELECT table_name AS name FROM information_schema.columns"
    " WHERE column_name = 'community' AND table_schema = current_schema() ORDER BY table_name",
}


async def tables(tx: Tx) -> list[str]:
    """The tables whose rows belong to communities, those of other packages' cogs included."""
    return [row["name"] for row in await tx.all(_TABLES[tx.dialect])]


async def rows(tx: Tx, table: str, community: int) -> list[Row]:
    """A community's rows of one of the `tables`."""
    quoted = '"' + table.replace('"', '""') + '"'
    statement = f"SELECT * FROM {quoted} WHERE community = :community"  # noqa: S608 - a table's name can't be bound
    return await tx.all(statement, {"community": community})


async def communities(tx: Tx) -> list[Row]:
    """All communities: id, name, created_at."""
    return await tx.all("SELECT id, name, created_at FROM community ORDER BY created_at, id")


async def people(tx: Tx, community: int) -> list[Row]:
    """Everybody ever seen in a community: key, name, bot."""
    return await tx.all(
        "SELECT key, name, bot FROM member WHERE community = :community ORDER BY name, key",
        {"community": community},
    )
