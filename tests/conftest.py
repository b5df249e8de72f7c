"""What all tests share."""

from hypothesis import settings

pytest_plugins = ["pytester"]

settings.register_profile("steady", deadline=None, derandomize=True)
settings.load_profile("steady")
