"""The reference trust provider: a process and a store of its own."""
