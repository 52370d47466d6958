"""Text from outside, made fit to be printed on a terminal."""


def printable(text: str) -> str:
    """Return the text with all that a terminal could obey written out, as in a Python literal."""
    return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in text)
