"""Fixtures that every test may use."""

from hypothesis import HealthCheck, settings

pytest_plugins = ["tests.engines"]

# a busy machine is no failure
settings.register_profile("kith", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("kith")
