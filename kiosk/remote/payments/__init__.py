"""Payment providers: callbacks are hints, a query is the truth."""
