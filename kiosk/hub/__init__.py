"""The process that receives logs, publishes policy and serves the owner's pages."""
