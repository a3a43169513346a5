"""Discord: the gateway through discord.py, deliveries by a sender of our own."""
