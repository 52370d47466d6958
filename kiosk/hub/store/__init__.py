"""The seam between the hub's rules and its database: rows, and what can be done with them."""
