"""The name of a shop's time zone, one and the same on the screen and on the pages."""


def zone_name(offset_min: int) -> str:
    """Return "UTC", "UTC+1" or "UTC-3:30" for the minutes east of UTC."""
    if not offset_min:
        return "UTC"
    hours, minutes = divmod(abs(offset_min), 60)
    sign = "+" if offset_min > 0 else "-"
    return f"UTC{sign}{hours}:{minutes:02}" if minutes else f"UTC{sign}{hours}"
