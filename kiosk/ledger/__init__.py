"""The kiosk's transparency log: durable, verifiable by anyone, able to forget a person."""
