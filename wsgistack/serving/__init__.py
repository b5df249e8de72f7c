"""Running an application on an existing server: Waitress, or wsgiref during development."""
