"""The parts of HTTP that several middlewares need."""
