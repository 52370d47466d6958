"""A simulator for every device, speaking the device's own bytes."""
