"""The kiosk controller: what the store or locker bank decides, records and shows."""
