"""Secrets in the database, encrypted with keys that are kept elsewhere: the first seals, all of them open."""

from __future__ import annotations

from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet


class WrongKey(Exception):
    """None of the keys opens this, or it was sealed for something else."""


def new_key() -> str:
    """A new random key, as it is written into a file."""
    return Fernet.generate_key().decode()


class Keyring:
    """Seals texts for a purpose, so that one can't be put in another's place. ``keys``: one or more."""

    def __init__(self, keys: Sequence[str]) -> None:
        self._fernet = MultiFernet([Fernet(key) for key in keys])

    def seal(self, purpose: str, text: str) -> str:
        """The text as it can be kept. ``purpose`` is one line."""
        return self._fernet.encrypt(f"{purpose}\n{text}".encode()).decode()

    def open(self, purpose: str, sealed: str) -> str:
        """The text. Raises WrongKey."""
        try:
            written, _, text = self._fernet.decrypt(sealed.encode()).decode().partition("\n")
        except (InvalidToken, UnicodeError) as error:
            raise WrongKey("none of the keys opens this") from error
        if written != purpose:
            raise WrongKey(f"this was not sealed for: {purpose}")
        return text

    def reseal(self, sealed: str) -> str:
        """The same, sealed with the first key. Raises WrongKey."""
        try:
            return self._fernet.rotate(sealed.encode()).decode()
        except InvalidToken as error:
            raise WrongKey("none of the keys opens this") from error
