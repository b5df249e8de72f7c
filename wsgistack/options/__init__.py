"""The options of a factory: its signature as a schema, and values made to fit it."""
