"""Authentication: who is it that asks."""
