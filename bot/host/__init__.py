"""The host's own commands: help, why, me, quiet, feedback, log, pause, set-up and settings."""
