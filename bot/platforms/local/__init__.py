"""The local room: a small chat server of Kith's own, and the adapter that brings the bot into it."""
