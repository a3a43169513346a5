"""The ways out: one package a platform, each behind the protocol in ``base``. They know no cog."""
