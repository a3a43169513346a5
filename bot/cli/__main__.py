"""`python -m bot.cli` is `kith`."""

from bot.cli import main

main()
