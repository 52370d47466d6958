"""The grammar of identity tokens, as far as a driver knows it: which texts may leave it."""

import re
from typing import Final

TOKEN_MAX: Final = 512  # characters, prefix included
_TOKEN: Final = re.compile(r"K1:[0-9A-Z $%*+\-./:]+")


def is_token(text: str) -> bool:
    """Return whether a text is `K1:` and base45, at most 512 characters.

    It says nothing of whether the token is genuine.
    """
    return len(text) <= TOKEN_MAX and _TOKEN.fullmatch(text) is not None
