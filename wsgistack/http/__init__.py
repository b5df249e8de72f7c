"""What HTTP says, as far as several middlewares need it."""
