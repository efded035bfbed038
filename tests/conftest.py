"""Settings of the whole suite: how long generated tests run."""

from hypothesis import HealthCheck, settings

# No deadline for one example: the first call of a kernel may compile it.
settings.register_profile("suite", deadline=None, print_blob=True)
settings.register_profile(
    "fuzz", deadline=None, print_blob=True, max_examples=5_000, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("suite")
