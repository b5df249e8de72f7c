"""Running an application on a server."""
