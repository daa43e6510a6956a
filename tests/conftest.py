"""Hypothesis without deadlines: how long an example takes says nothing on a shared machine."""

from hypothesis import HealthCheck, settings

settings.register_profile(
    "signalbox", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.load_profile("signalbox")
