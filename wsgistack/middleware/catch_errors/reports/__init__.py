"""What else becomes of an error: reports, which are limited and delivered, and capsules."""
