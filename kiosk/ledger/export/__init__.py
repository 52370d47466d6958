"""Copies of a log for others to serve and to audit."""
