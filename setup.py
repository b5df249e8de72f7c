"""The metadata stands in setup.cfg; this file serves the tools that ask for it by name."""

from setuptools import setup

setup()
