"""The hub's HTTP interface for kiosks and tools; refusals are problem documents in one line."""
