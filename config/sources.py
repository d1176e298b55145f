"""The shapes of sources.toml: where records and knowledge come from, and what proves who a customer is."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from config.shape import Shape


class FieldEntry(Shape):
    """Where a canonical field comes from when one path is not enough; the language stands at the top of sources.toml."""

    path: str | None = None
    list_: Annotated[str | None, Field(alias="list")] = None
    """Path to a list (or to a table of rows by key, whose key is `$key`); each row is mapped by `fields`."""
    fields: dict[str, str | list[str] | FieldEntry] = Field(default_factory=dict)
    map: dict[str, str] = Field(default_factory=dict)
    """Their word to ours; a word that is not named stays as it is."""
    value: str | int | bool | None = None
    """The same for every record."""


class RecordSource(Shape):
    """One kind of record: a JSON Lines or CSV file, or an HTTP endpoint; field paths ("address.zip") into canonical names.

    `money` lists canonical fields ("total", "items.price") that hold major units in the file and are read as minor units.
    """

    file: str | None = None
    url: str | None = None
    """GET with slots {id} {customer_id} {email} {name} {zip} {phone} {order}; only asked when its slots are known."""
    rows: str = ""
    """Path to the rows in an HTTP answer; empty: the answer itself."""
    headers: dict[str, str] = Field(default_factory=dict)
    secret_env: str | None = None
    """Environment variable whose value is sent as a bearer token."""
    private: bool = False
    """The host may resolve to a private address."""
    timeout_seconds: float = 10.0
    currency: str = "EUR"
    fields: dict[str, str | list[str] | FieldEntry]
    """Canonical name ("address.zip" makes a nested one) to path, to several paths joined by a space, or to a FieldEntry."""
    money: tuple[str, ...] = ()
    id_pattern: str | None = None
    public: bool = False
    """A catalogue (products, plans): belongs to no customer and may be quoted to anybody."""


class IdentityRule(Shape):
    """What the customer supplied must match the record in all `match` fields for the level to hold. First match wins."""

    match: tuple[Literal["email", "name", "zip", "phone", "order", "customer_id", "sender"], ...]
    level: Literal["verified", "weak"]
    how: str


class KnowledgeSource(Shape):
    """A folder or file of Markdown, cut into passages by heading."""

    path: str
    trust: Literal["policy", "faq", "note"] = "policy"


class Sources(Shape):
    records: dict[str, RecordSource]
    identity: tuple[IdentityRule, ...]
    knowledge: tuple[KnowledgeSource, ...] = ()
    passage_floor: float = 0.35
    """Cosine similarity below which no passage is trusted."""
    day: date | None = None
    """The day the records' dates are written for; loading shifts them so that this day is today."""
    folder: str = ""
    """Where relative paths start: the folder of the file, set by the loader."""
