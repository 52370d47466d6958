"""Scripts for those who work on the kiosk; nothing here is installed."""
