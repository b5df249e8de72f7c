"""For tools that need a setup.py; the metadata is in setup.cfg."""

from setuptools import setup

setup()
