"""Hostile texts in every field that a log, a device or a browser can fill: text, never markup."""

from kiosk.core.values import Json
from tests.hub.pages.conftest import Browser
from tests.hub.pages.reading import Node, read
from tests.hub.worlds import KioskLog, Visitor, line

CORPUS = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'><svg/onload=alert(1)>",
    "</title><script>alert(1)</script>",
    "</td></table><iframe src=javascript:alert(1)>",
    "javascript:alert(1)",
    "{{ 7 * 7 }}{% raw %}",
    "${alert(1)}<%= 1 %>",
    "<!--<script>",
    "]]><x>",
    "&lt;script&gt;&#x3c;b&#x3e;",
    '" autofocus onfocus=alert(1) x="',
    "<a href='//evil.example'>x</a>",
    "\u202egnp.exe\u2028\u2029",
    '=HYPERLINK("http://evil.example")',
    "<style>*{display:none}</style>",
    "%3Cscript%3E",
]
TAGS = {
    *("html", "head", "meta", "title", "link", "body", "a", "header", "div", "nav", "ul", "ol"),
    *("li", "strong", "bdi", "form", "button", "main", "h1", "h2", "p", "time", "section", "table"),
    *("caption", "thead", "tbody", "tfoot", "tr", "th", "td", "code", "dl", "dt", "dd", "small"),
    *("input", "label", "fieldset", "legend", "footer"),
}


def plain(page: Node) -> None:
    """Check that the page holds only elements and links that its templates write."""
    assert {node.tag for node in page.walk()} <= TAGS
    for node in page.walk():
        assert set(node.attributes) <= {
            *("lang", "charset", "name", "content", "rel", "href", "type", "class", "id", "method"),
            *("action", "aria-label", "aria-labelledby", "aria-describedby", "aria-current"),
            *("aria-invalid", "role", "tabindex", "scope", "datetime", "value", "for"),
            *("inputmode", "required", "autocomplete", "checked", "hidden"),
        }
        assert node.attributes.get("href", "/").startswith(("/", "#"))
        assert node.attributes.get("action", "/").startswith("/")


def fill(log: KioskLog, visit: str, text: str) -> None:
    data: dict[str, Json] = {"decision": text, "reason": text, "way": text}
    log.add("decision.made", data, visit)
    lines: list[Json] = [{**line(0, 599), "name": text, "epc": text, "gtin": text}]
    log.add("exit.unpaid", {"lines": lines, "currency": "EUR", "cause": text}, visit)
    log.add("exit.unresolved", {"lines": lines, "currency": text}, f"{visit}-unclear")
    log.add("exit.unresolved", {"epcs": [text]})
    log.add("device.fault", {"device": text, "detail": text})


def test_a_hostile_text_in_a_log_is_shown_as_text(
    shop: Browser, visitor: Visitor, kiosk_log: KioskLog
) -> None:
    for number, text in enumerate(CORPUS):
        fill(kiosk_log, f"v{number}", text)
    assert visitor.send(kiosk_log).status_code == 200
    for path in ("/", "/devices"):
        plain(shop.open(path))
    for number, text in enumerate(CORPUS):
        plain(shop.open(f"/visits/v{number}-unclear"))
        page = shop.open(f"/visits/v{number}")
        plain(page)
        assert " ".join(text.split()) in page.text
        assert "49" not in page.text.replace("0049", ""), "no template runs what a log says"


def test_a_hostile_visit_number_is_a_number_and_a_link_to_itself(
    shop: Browser, visitor: Visitor, kiosk_log: KioskLog
) -> None:
    for text in CORPUS:
        kiosk_log.add("exit.unpaid", {"lines": [line(0, 599)], "currency": "EUR"}, text)
    assert visitor.send(kiosk_log).status_code == 200
    today = shop.open("/")
    plain(today)
    links = [a.attributes["href"] for a in today.all("tbody")[0].all("a")]
    assert len(links) == len(CORPUS)
    assert all(link.startswith("/visits/") for link in links)


def test_a_hostile_address_or_form_is_shown_as_text(
    shop: Browser, visitor: Visitor, kiosk_log: KioskLog
) -> None:
    kiosk_log.add("exit.unpaid", {"lines": [line(0, 599)], "currency": "EUR"}, "v1")
    visitor.send(kiosk_log)
    for text in CORPUS:
        for name in ("code", "next"):
            reply = shop.client.get("/login", params={name: text})
            assert reply.status_code == 200
            plain(read(reply.text))
        typed = {"kiosk": "k1", "key": "k", "amount": text[:40], "method": text[:20]}
        reply = shop.submit("/visits/v1/payments", **typed)
        assert reply.status_code == 422
        plain(read(reply.text))
