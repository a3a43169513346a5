"""Fixtures that every test may use."""

import os

from hypothesis import HealthCheck, settings

pytest_plugins = ["tests.engines"]

# A busy machine is no failure. A change is judged by the same examples each time; people's own runs look for
# new ones.
settings.register_profile(
    "kith",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize=os.environ.get("CI") == "true",
)
settings.load_profile("kith")
