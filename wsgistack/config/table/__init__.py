"""Configurations as tables of tables, as TOML has them."""
