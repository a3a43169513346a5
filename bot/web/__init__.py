"""The one web app: the local room, health and metrics. Built from parts, served by whoever runs it."""
