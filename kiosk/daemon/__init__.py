"""The process that owns the gate: readings in, decisions, ledger, lock out."""
