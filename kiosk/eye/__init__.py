"""The process that turns camera frames into code texts; it has no network and no GPIO."""
