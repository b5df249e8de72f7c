"""The layers: one file, one idea."""
