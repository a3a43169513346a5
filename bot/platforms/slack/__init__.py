"""Slack, through stock slack-bolt and slack_sdk."""
