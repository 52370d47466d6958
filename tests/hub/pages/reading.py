"""Reads a page as a browser's tree would have it, and says what is wrong with its structure."""

from collections import Counter
from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = {"meta", "link", "input", "br", "img", "hr"}
NAMED = {"input", "select", "textarea"}


@dataclass
class Node:
    """One element with what lies in it."""

    tag: str
    attributes: dict[str, str]
    content: list["Node | str"] = field(default_factory=list)

    @property
    def inside(self) -> list["Node"]:
        """The elements right in it."""
        return [each for each in self.content if isinstance(each, Node)]

    @property
    def text(self) -> str:
        """Every word in it, in order."""
        parts = [each.text if isinstance(each, Node) else each for each in self.content]
        return " ".join(" ".join(parts).split())

    def all(self, tag: str) -> list["Node"]:
        """Every element of this kind in it."""
        found = [node for node in self.inside if node.tag == tag]
        for node in self.inside:
            found += node.all(tag)
        return found

    def walk(self) -> list["Node"]:
        """Every element in it."""
        return [each for node in self.inside for each in (node, *node.walk())]


class _Builder(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.root = Node("", {})
        self.open = [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        node = Node(tag, {name: value or "" for name, value in attrs})
        self.open[-1].content.append(node)
        if tag not in VOID:
            self.open.append(node)

    def handle_endtag(self, tag: str) -> None:
        assert self.open[-1].tag == tag, f"</{tag}> closes <{self.open[-1].tag}>"
        self.open.pop()

    def handle_data(self, data: str) -> None:
        self.open[-1].content.append(data)


def read(html: str) -> Node:
    """Return the page's tree; AssertionError when its tags do not nest."""
    builder = _Builder()
    builder.feed(html)
    builder.close()
    assert builder.open == [builder.root], "every tag is closed"
    return builder.root


def faults(page: Node) -> list[str]:
    """Return what makes the page hard to use with a keyboard, a reader or a small screen."""
    found = []
    nodes = page.walk()
    counts = Counter(node.attributes["id"] for node in nodes if "id" in node.attributes)
    found += [f"id {name} is there {count} times" for name, count in counts.items() if count > 1]
    found += [f"<{node.tag}> has {name}" for node in nodes for name in _inline(node)]
    if len(page.all("h1")) != 1 or len(page.all("main")) != 1:
        found.append("want one h1 and one main")
    for table in page.all("table"):
        if not table.all("caption"):
            found.append("a table without a caption")
        found += [
            "a heading without a scope" for th in table.all("th") if "scope" not in th.attributes
        ]
    labelled = {label.attributes.get("for") for label in page.all("label")}
    wrapped = {id(node) for label in page.all("label") for node in label.walk()}
    for node in nodes:
        hidden = node.attributes.get("type") == "hidden" or "hidden" in node.attributes
        named = id(node) in wrapped or node.attributes.get("id") in labelled
        if node.tag in NAMED and not hidden and not named:
            found.append("a field without a label")
        for name in ("aria-labelledby", "aria-describedby"):
            for target in node.attributes.get(name, "").split():
                if target not in counts:
                    found.append(f"{name} points at {target}, which is not there")
    return found


def _inline(node: Node) -> list[str]:
    named = [name for name in node.attributes if name.startswith("on") or name == "style"]
    return [*named, *(["a script"] if node.tag in {"script", "style", "iframe"} else [])]
