"""What a developer sees of an error. This package is imported only with ``debug``."""
