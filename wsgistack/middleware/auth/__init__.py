"""Authentication: who sent this request."""
