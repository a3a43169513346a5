"""Where Kith keeps what it knows: units on SQLite and Postgres, migrations, backups, repositories."""

from storage.engines import open_engine

__all__ = ["open_engine"]
