"""Clients of the services that the daemon talks to over HTTP, one file per peer."""
