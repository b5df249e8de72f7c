"""Measurements that compare wsgistack with its peers: ``python -m benchmarks``."""
