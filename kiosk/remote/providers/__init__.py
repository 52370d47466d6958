"""Trust providers: each answers yes, no or unknown per threshold and never a number."""
