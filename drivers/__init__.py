"""Devices: what each one said, never what it means to the kiosk."""
