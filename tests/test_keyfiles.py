"""Key files are private, whole and never overwritten."""

import os
import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kiosk.core.signing import b64encode, public_of
from kiosk.keyfiles import (
    PRIVATE,
    KeyFileError,
    create_private,
    keep_token,
    load_private,
    read_public,
    write_new,
    write_over,
)

PUBLIC = public_of(Ed25519PrivateKey.from_private_bytes(bytes(range(32))))


@contextmanager
def full_disk() -> Iterator[None]:
    """Let no file grow beyond ten bytes; only inside the block, or pytest's own output fails."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)


def test_what_was_made_is_loaded(tmp_path: Path) -> None:
    made = create_private(tmp_path / "a.key")
    assert load_private(tmp_path / "a.key").private_bytes_raw() == made.private_bytes_raw()
    assert (tmp_path / "a.key").stat().st_mode & 0o777 == 0o600


def test_two_keys_differ(tmp_path: Path) -> None:
    one, other = create_private(tmp_path / "a.key"), create_private(tmp_path / "b.key")
    assert one.private_bytes_raw() != other.private_bytes_raw()


def test_a_key_is_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "a.key"
    create_private(path)
    before = path.read_bytes()
    with pytest.raises(KeyFileError, match="is there already; move it away first"):
        create_private(path)
    (tmp_path / "link.key").symlink_to(tmp_path / "nowhere")
    with pytest.raises(KeyFileError, match="is there already"):
        create_private(tmp_path / "link.key")
    assert path.read_bytes() == before
    assert not (tmp_path / "nowhere").exists()


def test_a_place_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(KeyFileError, match="No such file or directory; nothing was written"):
        create_private(tmp_path / "none" / "a.key")


@pytest.mark.parametrize("size", [0, 31, 33, 64])
def test_a_file_of_another_size_is_no_key(size: int, tmp_path: Path) -> None:
    path = tmp_path / "a.key"
    write_new(path, bytes(size))
    with pytest.raises(KeyFileError, match="not a private key, which has 32 bytes"):
        load_private(path)


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o620])
def test_a_key_that_others_can_touch_is_refused(mode: int, tmp_path: Path) -> None:
    path = tmp_path / "a.key"
    create_private(path)
    path.chmod(mode)
    with pytest.raises(KeyFileError, match=f"others may read it; chmod 600 {path}"):
        load_private(path)


def test_a_missing_key_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(KeyFileError, match="make one with kiosk keys make") as caught:
        load_private(tmp_path / "a.key")
    assert caught.value.exit_code == 2


def test_a_public_key_is_read_from_text_from_its_file_and_from_its_private_key(
    tmp_path: Path,
) -> None:
    text = b64encode(PUBLIC)
    (tmp_path / "a.pub").write_text(f"{text}\n", encoding="ascii")
    write_new(tmp_path / "a.key", bytes(range(32)))
    assert read_public(text) == PUBLIC
    assert read_public(str(tmp_path / "a.pub")) == PUBLIC
    assert read_public(str(tmp_path / "a.key")) == PUBLIC


@pytest.mark.parametrize("text", ["", "AAAA", "no/such.key", "x" * 5000, "a\0b", "é"])
def test_what_is_no_public_key_is_refused(text: str) -> None:
    with pytest.raises(KeyFileError):
        read_public(text)


def test_a_file_without_a_key_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.pub").write_bytes(b"\xff" * 5000)
    with pytest.raises(KeyFileError, match=r"a\.pub: not base64url"):
        read_public(str(tmp_path / "a.pub"))


def test_a_public_file_is_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    for content in (b"one", b"two"):
        write_over(path, content)
        assert path.read_bytes() == content
    assert path.stat().st_mode & 0o777 & ~0o644 == 0
    assert [each.name for each in tmp_path.iterdir()] == ["keys.json"]


def test_what_cannot_be_replaced_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "keys.json").mkdir()
    with pytest.raises(KeyFileError, match="nothing was written"):
        write_over(tmp_path / "keys.json", b"one")
    assert [each.name for each in tmp_path.iterdir()] == ["keys.json"]


def test_a_full_disk_leaves_no_half_of_a_key(tmp_path: Path) -> None:
    with full_disk(), pytest.raises(KeyFileError, match="nothing was written"):
        create_private(tmp_path / "a.key")
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    write_over(path, b"old")
    with full_disk(), pytest.raises(KeyFileError, match="nothing was written"):
        write_over(path, b"new and much longer")
    assert path.read_bytes() == b"old"
    assert [each.name for each in tmp_path.iterdir()] == ["keys.json"]


def test_a_token_is_made_once_for_us_only(tmp_path: Path) -> None:
    path = tmp_path / "staff.token"
    made = keep_token(path)
    assert len(made) >= 43
    assert keep_token(path) == made
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_token_of_the_owners_own_is_taken(tmp_path: Path) -> None:
    (tmp_path / "kiosk.token").write_text("  chosen  \n")
    assert keep_token(tmp_path / "kiosk.token") == "chosen"


@pytest.mark.parametrize("token", [b"", b"\n", "tök".encode()])
def test_an_empty_or_odd_token_is_named(tmp_path: Path, token: bytes) -> None:
    (tmp_path / "staff.token").write_bytes(token)
    with pytest.raises(KeyFileError, match=r"staff\.token: is no token; remove it"):
        keep_token(tmp_path / "staff.token")


def test_a_token_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "staff.token").mkdir()
    with pytest.raises(KeyFileError, match=r"staff\.token: Is a directory"):
        keep_token(tmp_path / "staff.token")


def test_what_is_replaced_is_replaced_whole_for_whom_it_is_meant(tmp_path: Path) -> None:
    path = tmp_path / "x"
    write_over(path, b"one", PRIVATE)
    (tmp_path / f".x.{os.getpid()}").write_bytes(b"cut off")
    write_over(path, b"two", PRIVATE)
    assert [(each.name, each.read_text()) for each in tmp_path.iterdir()] == [("x", "two")]
    assert path.stat().st_mode & 0o777 == 0o600
