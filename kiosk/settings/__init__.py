"""The configuration of a kiosk and of a hub: read once, checked whole, then frozen.

Nothing else reads TOML or the environment for configuration.
"""

from kiosk.settings.errors import SettingsError
from kiosk.settings.files import load, load_hub, load_lock
from kiosk.settings.hub import HubSettings
from kiosk.settings.kiosk import Settings

__all__ = ["HubSettings", "Settings", "SettingsError", "load", "load_hub", "load_lock"]
