"""A model's key comes from where models.toml says, and a key that is missing is a sentence, not a hang."""

import time
from collections.abc import Iterator

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.errors import KeyringLocked

from app.models import keys
from config.rules import ModelEntry


class Ring(KeyringBackend):
    """The operating system's keyring, as far as it matters here."""

    priority = 1  # type: ignore[assignment]

    def __init__(self, held: dict[tuple[str, str], str], *, locked: bool = False, wait: float = 0.0) -> None:
        super().__init__()
        self.held, self.locked, self.wait = held, locked, wait

    def get_password(self, service: str, username: str) -> str | None:
        time.sleep(self.wait)
        if self.locked:
            raise KeyringLocked("locked")
        return self.held.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.held[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.held[service, username]


@pytest.fixture(autouse=True)
def real_keyring_back() -> Iterator[None]:
    before = keyring.get_keyring()
    yield
    keyring.set_keyring(before)


def entry(**where: str) -> ModelEntry:
    return ModelEntry(kind="openai", base_url="http://127.0.0.1:1", model="m", **where)  # type: ignore[arg-type]


def test_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_KEY", " sk-1 \n")
    assert keys.key(entry(key_env="SHOP_KEY")) == "sk-1"


@pytest.mark.parametrize("held", [None, "", "  ", "sk-\u20ac", "sk\x1b[2J"])
def test_a_variable_without_a_usable_key_is_named(monkeypatch: pytest.MonkeyPatch, held: str | None) -> None:
    monkeypatch.delenv("SHOP_KEY", raising=False)
    if held is not None:
        monkeypatch.setenv("SHOP_KEY", held)
    with pytest.raises(keys.NoKey, match="SHOP_KEY"):
        keys.key(entry(key_env="SHOP_KEY"))


def test_from_the_keyring() -> None:
    keyring.set_keyring(Ring({("lastclick", "big-model"): "sk-2"}))
    assert keys.key(entry(key_keyring="big-model")) == "sk-2"


def test_an_empty_keyring_says_how_to_fill_it() -> None:
    keyring.set_keyring(Ring({}))
    with pytest.raises(keys.NoKey, match="keyring set lastclick big-model"):
        keys.key(entry(key_keyring="big-model"))


def test_a_locked_keyring_says_so() -> None:
    keyring.set_keyring(Ring({}, locked=True))
    with pytest.raises(keys.NoKey, match="cannot be read"):
        keys.key(entry(key_keyring="big-model"))


def test_a_keyring_that_waits_for_a_person_does_not_stop_a_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys, "KEYRING_SECONDS", 0.1)
    keyring.set_keyring(Ring({("lastclick", "big-model"): "sk-2"}, wait=1.0))
    begun = time.monotonic()
    with pytest.raises(keys.NoKey, match="did not answer"):
        keys.key(entry(key_keyring="big-model"))
    assert time.monotonic() - begun < 0.9


def test_a_model_without_a_key_needs_none() -> None:
    assert keys.key(entry()) is None
