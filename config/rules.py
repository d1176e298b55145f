"""The typed shapes of a lead's files: jobs, routes, review rules, messages, actions, models, intents, and all together."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from config.shape import Shape
from config.sources import Sources

JobName = Literal["classification", "lookup", "drafting", "action"]
Risk = Literal["low", "high"]
Share = Annotated[float, Field(ge=0.0, le=1.0)]


# ── jobs.toml ────────────────────────────────────────────────────────────────


class Trial(Shape):
    """Another prompt on a share of the tickets, drawn by the ticket's number: the same ticket gets the same prompt."""

    prompt: str
    share: Annotated[float, Field(gt=0, lt=1)]


class Job(Shape):
    """One kind of work: who owns it, how risky it is, what it may trust, which model does it on which route."""

    owner: str
    risk: Risk
    sources: tuple[str, ...]
    models: dict[str, str]
    """Route name to model name; the key `default` covers the rest."""
    deadline_seconds: float = 60.0
    prompt: str | None = None
    """The file of `prompts/` that an endpoint is given; without it the one of the job's own name."""
    trial: Trial | None = None
    """A new prompt on a share of the tickets; only drafting can have one."""


# ── models.toml ──────────────────────────────────────────────────────────────


class ModelEntry(Shape):
    """Whatever answers a job: embedded (`cheap`, `strong`), or an endpoint. Prices are per million tokens."""

    kind: Literal["embedded", "openai", "anthropic"]
    which: Literal["cheap", "strong"] | None = None
    base_url: str | None = None
    model: str | None = None
    key_env: str | None = None
    """The environment variable that holds the key."""
    key_keyring: str | None = None
    """Or the name under which the operating system's keyring holds it, service `lastclick`."""
    structured: tuple[Literal["json_schema", "tool", "prompt"], ...] = ("json_schema", "tool", "prompt")
    timeout_seconds: float = 30.0
    price_in: Decimal = Decimal(0)
    price_out: Decimal = Decimal(0)
    currency: str = "USD"
    max_tokens: int = 1024
    temperature: float = 0.0
    remote: bool = True


# ── intents.toml ─────────────────────────────────────────────────────────────


class IntentEntry(Shape):
    """What a customer may want: examples a lead writes, the action kinds it can lead to, the systems it touches.

    `needs` are the facts without which nothing can be answered: order, identity, invoice, …
    """

    examples: tuple[str, ...]
    actions: tuple[str, ...] = ()
    systems: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    implies: tuple[str, ...] = ()
    """Intents that this one says already: who was charged twice wants the money back, and that is one wish."""
    like: tuple[str, ...] = ()
    """Near synonyms: counted beside this one only where the text says both clearly."""
    aside: bool = False
    """Tone, like thanks or anger: a wish only where the customer wants nothing else."""
    answer: str | None = None
    """A template in `config/prompts/` or a passage id that answers it, for look-ups."""


# ── routes.toml ──────────────────────────────────────────────────────────────


class RouteEntry(Shape):
    """A way a ticket can go."""

    model: str
    not_chosen: str = ""
    sentence: str
    instead: str | None = None
    """The route taken when this one is switched off (default: review)."""


class TriggerIf(Shape):
    """Exactly one condition is set. Fields are those of a `Case`."""

    switch_off: bool | None = None
    step_failed: bool | None = None
    confidence_below: float | None = None
    out_of_scope: bool | None = None
    missing: tuple[str, ...] | None = None
    intents_at_least: int | None = None
    contradiction: bool | None = None
    longer_than: int | None = None
    systems_at_least: int | None = None
    models_disagree: bool | None = None
    identity: tuple[Literal["weak", "unknown"], ...] | None = None
    """The identity is one of these and an intent needs it."""
    otherwise: bool | None = None

    @model_validator(mode="after")
    def _one_condition(self) -> TriggerIf:
        if (count := len(self.model_fields_set)) != 1:
            raise ValueError(f"a trigger has exactly one condition, this one has {count}")
        return self


class TriggerEntry(Shape):
    """First match wins, top to bottom. `then`: go on (draft), ask the customer, retry once, or review."""

    name: str
    if_: Annotated[TriggerIf, Field(alias="if")]
    route: str
    reason: str
    then: Literal["go_on", "ask", "retry", "review"] = "go_on"
    message: str | None = None


# ── review.toml ──────────────────────────────────────────────────────────────


class ReviewIf(Shape):
    """All set conditions must hold. Amounts by currency in major units ("50.00")."""

    action: str | tuple[str, ...] | None = None
    amount_over: dict[str, Decimal] | None = None
    per_day_over: dict[str, Decimal] | None = None
    risk: Risk | None = None
    policy_exception: bool | None = None
    words: tuple[str, ...] | None = None
    identity: tuple[Literal["verified", "weak", "unknown"], ...] | None = None
    models_disagree: bool | None = None
    unproven_claim: bool | None = None
    hidden_characters: bool | None = None
    one_model_only: bool | None = None
    failure: bool | None = None
    irreversible: bool | None = None
    external: bool | None = None
    leak: bool | None = None
    intent: tuple[str, ...] | None = None
    trigger: tuple[str, ...] | None = None
    """One of these triggers of routes.toml fired, whether or not it chose the way."""
    other_payment_method: bool | None = None
    """Money goes out to anything but the payment method that paid."""

    @model_validator(mode="after")
    def _a_condition(self) -> ReviewIf:
        if not self.model_fields_set:
            raise ValueError("a review rule has at least one condition")
        return self


class ReviewEntry(Shape):
    """All that apply are shown; any one stops the proposal."""

    name: str
    if_: Annotated[ReviewIf, Field(alias="if")]
    reason: str
    to: str | None = None
    risk: Risk = "high"
    needs: Literal["one", "two"] = "one"
    role: str | None = None
    short: str = ""
    """The reason in a few words, for lists; slots as in `reason`. Empty: the reason itself."""
    general: bool = False
    """True for a reason that many proposals share: told after the telling ones."""


# ── messages.toml ────────────────────────────────────────────────────────────


class FailureMessage(Shape):
    """What failed, for both readers, and the one next step. Slots in braces are named in `slots`."""

    class_: Annotated[Literal["temporary", "permanent", "policy", "unknown_outcome"], Field(alias="class")]
    customer: Annotated[str, Field(min_length=1, max_length=240)]
    internal: Annotated[str, Field(min_length=1, max_length=200)]
    next: Literal["retry", "ask_customer", "review", "send", "hold"]
    escalate_after_hours: float | None = None


# ── actions.toml ─────────────────────────────────────────────────────────────

ArgType = Literal[
    "order",
    "items",
    "variants",
    "payment_method",
    "address",
    "email",
    "money",
    "choice",
    "text",
    "customer",
    "shipment",
    "invoice",
    "plan",
    "role",
]


class ArgEntry(Shape):
    """One argument: its type says where its value comes from and how it is edited and checked.

    order: an order id of the customer. items: item ids of that order. variants: new item ids, one for each of `items`.
    payment_method: an id of the customer's. address: {address1, address2, city, state, zip, country}. money: {minor,
    currency}. choice: one of `choices`.
    """

    type: ArgType
    required: bool = True
    choices: tuple[str, ...] = ()
    title: str = ""
    methods: Literal["paid", "paid_or_gift_card", "other", "any"] | None = None
    """Which payment methods of the customer may be chosen: those that paid this order, also a gift card on file, any but
    those that paid, or any. Without it: `paid` when money goes back (`items_total_refund`, `arg:amount`), else `any`."""
    said_as: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    """For a choice the words that customers say for it ("broken", "by accident"), as beginnings of words."""
    default: str | None = None
    """The choice taken when the customer says none. The action tells the reviewer that it was not said."""

    @model_validator(mode="after")
    def _among_choices(self) -> ArgEntry:
        for choice in (*self.said_as, *([self.default] if self.default else [])):
            if choice not in self.choices:
                raise ValueError(f"{choice!r} is not one of the choices: {', '.join(self.choices)}")
        return self


class Requirement(Shape):
    """A fact of a record that must hold when proposed and again when run: order.status in [pending]."""

    record: str
    field: str
    is_: Annotated[tuple[Any, ...], Field(alias="is")]
    otherwise: str
    """Code in messages.toml told when it does not hold."""


class ActionEntry(Shape):
    """A kind of change to the world. `amount` names how the amount is computed; `undo` names the kind that reverses it."""

    description: str
    """With slots of args and records: "Refund {amount} to {payment_method} for order {order}"."""
    args: dict[str, ArgEntry]
    risk: Risk
    reversible: bool = False
    must_be_right: bool = False
    amount: Literal["none", "order_total", "items_total", "items_total_refund", "price_difference", "arg:amount"] = (
        "none"
    )
    target: str = ""
    require: tuple[Requirement, ...] = ()
    only_when_said: tuple[str, ...] = ()
    """Beginnings of words, one of which the customer must say for this kind to be proposed; empty: none is needed."""
    connector: str = "shop"
    customer: str
    """The one sentence a customer reads when this is done or asked for, with slots."""


class ConnectorEntry(Shape):
    """Where an action goes. http: method, url and body template with slots, the header that carries the key, and the
    URL that tells the outcome of a key."""

    kind: Literal["shop", "http", "outbox"]
    method: str = "POST"
    url: str | None = None
    body: dict[str, Any] = Field(default_factory=dict)
    headers: dict[str, str] = Field(default_factory=dict)
    secret_env: str | None = None
    key_header: str | None = None
    outcome_url: str | None = None
    id_field: str = "id"
    state_field: str = "state"
    """Path in the outcome's answer that says done, failed or something else (taken as unknown)."""
    private: bool = False
    """The host may resolve to a private address."""
    timeout_seconds: float = 20.0


# ── the whole ────────────────────────────────────────────────────────────────


class Windows(Shape):
    """Times and thresholds of the queue."""

    undo_seconds: float = 10.0
    lease_seconds: float = 120.0
    repeat_days: float = 7.0
    due_hours: float = 4.0
    spot_check_share: Share = 0.05
    """Of the automatic replies, so many are drawn for a person to grade."""
    spot_check_shares: dict[str, Share] = Field(default_factory=dict)
    """The same for single routes."""
    spot_check_twice: Share = 0.2
    """Of the drawn ones, so many are graded by two people, to see whether they agree."""
    confidence_floor: float = 0.6
    sources_seen: Literal["off", "listed", "opened"] = "off"
    """Before something of high risk is let go, its sources must have stood on screen by name, or been opened."""
    quick_notice: bool = True
    """Who approves in under a second is told so, quietly and alone."""
    streak_notice: Annotated[int, Field(ge=0)] = 25
    """At so many approvals in a row as proposed, and again at each so many, the same; 0: never."""
    planted_share: Share = 0.0
    """Beside so many of the cases that stop for a person, one with a known fault is planted."""
    planted_by_person: bool = False
    """A lead sees who found or missed a planted case. Without it only that person does."""


class Rules(Shape):
    """Everything a lead owns, loaded and checked. `version` is the hash of all files."""

    version: str
    jobs: dict[JobName, Job]
    models: dict[str, ModelEntry]
    intents: dict[str, IntentEntry]
    routes: dict[str, RouteEntry]
    triggers: tuple[TriggerEntry, ...]
    reviews: tuple[ReviewEntry, ...]
    messages: dict[str, FailureMessage]
    actions: dict[str, ActionEntry]
    connectors: dict[str, ConnectorEntry]
    sources: Sources
    windows: Windows = Windows()
    prompts: dict[str, str] = Field(default_factory=dict)
    """Prompt name to template: the defaults, and over them the files of `prompts/` in a team's folder."""
