"""The commented configuration files, with an owner's key in the place where one is to be pasted."""

from pathlib import Path
from typing import Final

from kiosk.settings.values import EXAMPLE_OWNER_KEY

CONFIG: Final = Path(__file__).parents[1] / "config"
OWNER_KEY: Final = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"  # RFC 8037 appendix A.2


def shipped(name: str) -> str:
    """Return the text of `config/NAME` as an owner has it after the first step."""
    text = (CONFIG / name).read_text(encoding="utf-8")
    assert text.count(EXAMPLE_OWNER_KEY) == 1
    return text.replace(EXAMPLE_OWNER_KEY, OWNER_KEY)
