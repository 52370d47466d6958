"""The hub's database on SQLAlchemy Core: SQLite, one file in the state directory."""
