"""Vendored files are the ones that were looked at, with their licence beside them."""

from hashlib import sha256
from pathlib import Path

from kiosk.hub.app import STATIC
from tests.hub.inprocess import Client


def test_every_vendored_file_has_its_checksum() -> None:
    rows = [row.split() for row in (STATIC / "CHECKSUMS.sha256").read_text().splitlines()]
    listed = {name: checksum for checksum, name in rows}
    assert set(listed) == {"pico.min.css", "pico.LICENSE.md"}
    for name, checksum in listed.items():
        assert sha256((STATIC / name).read_bytes()).hexdigest() == checksum


def test_our_own_style_loads_nothing_from_anywhere() -> None:
    text = (STATIC / "hub.css").read_text()
    assert "url(" not in text
    assert "@import" not in text


def test_static_files_are_served_and_nothing_beside_them(client: Client) -> None:
    assert client.get("/static/pico.min.css").headers["content-type"].startswith("text/css")
    for path in ("/static/../app.py", "/static/%2e%2e/app.py", "/static/", "/static/none"):
        assert client.get(path).status_code == 404


def test_templates_hold_no_scripts_and_no_styles_of_their_own() -> None:
    for template in Path(STATIC.with_name("templates")).iterdir():
        text = template.read_text()
        assert "<script" not in text
        assert "style=" not in text
        assert "|safe" not in text
        assert "autoescape" not in text
