"""The way of a ticket as the live rules draw it: who reads what, where routing sends it, where a person steps in, what the
customer is told when something fails, and which rule nothing can reach. Values only; `way_*` draw them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from app.reports.way_words import condition_of_review, condition_of_trigger, what_then
from config.check import check
from config.rules import ActionEntry, ReviewEntry, Rules
from config.told import TOLD_BY_THE_STEPS


@dataclass(frozen=True)
class Job:
    """One kind of work. `models`: route name (or "every route") to model."""

    name: str
    owner: str
    risk: str
    reads: tuple[str, ...]
    models: tuple[tuple[str, str], ...]
    prompt: str = ""


@dataclass(frozen=True)
class Trigger:
    """One line of routes.toml. `dead` says why no ticket can reach it; `told` is what the customer reads."""

    name: str
    when: str
    route: str
    then: str
    sentence: str
    told: str = ""
    dead: str = ""


@dataclass(frozen=True)
class Route:
    """A way, the model that drafts on it, and the one that checks where an action must be right."""

    name: str
    model: str
    checked_by: str
    sentence: str
    instead: str = ""
    dead: str = ""


@dataclass(frozen=True)
class Stop:
    """One line of review.toml: a person steps in. `to` is who reviews; `people` how many must agree."""

    name: str
    when: str
    reason: str
    to: str
    people: int
    role: str = ""
    dead: str = ""


@dataclass(frozen=True)
class Action:
    """A kind of change. `always`: the rules that stop every one of it; empty: it can go out by itself."""

    kind: str
    description: str
    risk: str
    always: tuple[str, ...]
    wanted_by: tuple[str, ...]
    connector: str
    dead: str = ""


@dataclass(frozen=True)
class Told:
    """One failure message. `by` names the triggers and requirements that tell it, or "the steps"."""

    code: str
    kind: str
    customer: str
    next: str
    by: tuple[str, ...]
    dead: str = ""


@dataclass(frozen=True)
class Way:
    """Everything on one page."""

    rules_version: str
    models: tuple[tuple[str, str], ...] = ()
    jobs: tuple[Job, ...] = ()
    triggers: tuple[Trigger, ...] = ()
    routes: tuple[Route, ...] = ()
    stops: tuple[Stop, ...] = ()
    actions: tuple[Action, ...] = ()
    messages: tuple[Told, ...] = ()
    spot_check_share: float = 0.0
    off: tuple[str, ...] = field(default=())
    """Switches that are off now, as "route messy"."""

    def dead(self) -> tuple[tuple[str, str], ...]:
        """What nothing can reach: its name and why."""
        parts: tuple[Sequence[Trigger | Route | Stop | Action | Told], ...] = (
            self.triggers, self.routes, self.stops, self.actions, self.messages,
        )  # fmt: skip
        return tuple((_name(each), each.dead) for part in parts for each in part if each.dead)


def way(rules: Rules, folders: Sequence[Path] = (), off: Sequence[str] = ()) -> Way:
    """The map of these rules. `folders`: where they were read, for what `rules check` finds in them."""
    dead = dict(_dead_rules(folders))
    return Way(
        rules_version=rules.version,
        models=tuple((name, _model(rules, name)) for name in rules.models),
        jobs=tuple(_jobs(rules)),
        triggers=tuple(_triggers(rules, dead)),
        routes=tuple(_routes(rules, dead)),
        stops=tuple(_stop(review, dead.get(("review", at), "")) for at, review in enumerate(rules.reviews)),
        actions=tuple(_actions(rules)),
        messages=tuple(_messages(rules)),
        spot_check_share=rules.windows.spot_check_share,
        off=tuple(off),
    )


def _name(part: Trigger | Route | Stop | Action | Told) -> str:
    match part:
        case Trigger(name=name):
            return f"trigger {name}"
        case Route(name=name):
            return f"route {name}"
        case Stop(name=name):
            return f"review rule {name}"
        case Action(kind=kind):
            return f"action {kind}"
        case Told(code=code):
            return f"message {code}"


def _dead_rules(folders: Sequence[Path]) -> Iterator[tuple[tuple[str, int], str]]:
    """Table and place of each rule of which `rules check` says that it can never fire."""
    for problem in check(folders):
        table, _, rest = problem.field.partition(".")
        place = rest.partition(".")[0]
        if "can never fire: " in problem.text and place.isdigit():
            yield (table, int(place)), problem.text.partition("can never fire: ")[2]


def _model(rules: Rules, name: str) -> str:
    entry = rules.models[name]
    if entry.kind == "embedded":
        return f"embedded, {entry.which}"
    return f"{entry.model} at {entry.base_url}" if entry.remote else f"{entry.model}, on this machine"


def _jobs(rules: Rules) -> Iterator[Job]:
    for name, job in rules.jobs.items():
        models = tuple(
            ("every other route" if route == "default" else route, model) for route, model in job.models.items()
        )
        if len(models) == 1:
            models = (("every route", models[0][1]),)
        own, trial = job.prompt or "", job.trial
        prompt = f"{own or name}, {trial.share:.0%} of the tickets {trial.prompt}" if trial else own
        yield Job(name, job.owner, job.risk, job.sources, models, prompt)


def _triggers(rules: Rules, dead: dict[tuple[str, int], str]) -> Iterator[Trigger]:
    for at, entry in enumerate(rules.triggers):
        message = rules.messages.get(entry.message or "")
        yield Trigger(
            name=entry.name,
            when=condition_of_trigger(entry.if_),
            route=entry.route,
            then=what_then(entry, message),
            sentence=entry.reason,
            told=message.customer if message and entry.then != "go_on" else "",
            dead=dead.get(("trigger", at), ""),
        )


def _routes(rules: Rules, dead: dict[tuple[str, int], str]) -> Iterator[Route]:
    led_to = {entry.route for at, entry in enumerate(rules.triggers) if ("trigger", at) not in dead}
    led_to |= {entry.instead for entry in rules.routes.values() if entry.instead} | {"fallback"}
    for name, entry in rules.routes.items():
        unreached = "" if name in led_to else "no trigger leads here, and no route names it as its `instead`"
        yield Route(name, entry.model, entry.not_chosen, entry.sentence, entry.instead or "", unreached)


def _stop(review: ReviewEntry, dead: str) -> Stop:
    return Stop(
        name=review.name,
        when=condition_of_review(review.if_),
        reason=review.reason,
        to=review.to or "whoever is next",
        people=2 if review.needs == "two" else 1,
        role=review.role or "",
        dead=dead,
    )


def _actions(rules: Rules) -> Iterator[Action]:
    for kind, entry in rules.actions.items():
        wanted = tuple(name for name, intent in rules.intents.items() if kind in intent.actions)
        yield Action(
            kind=kind,
            description=entry.description,
            risk=entry.risk,
            always=tuple(_always(kind, entry, rules)),
            wanted_by=wanted,
            connector=entry.connector,
            dead="" if wanted else "no intent of intents.toml leads to it",
        )


def _always(kind: str, entry: ActionEntry, rules: Rules) -> Iterator[str]:
    """The rules whose every condition the kind itself fulfils."""
    if entry.risk == "high":
        yield "high risk"
    for review in rules.reviews:
        if_ = review.if_
        kinds = (if_.action,) if isinstance(if_.action, str) else if_.action
        fits = kinds is None or kind in kinds
        fits &= if_.risk in (None, entry.risk) and if_.irreversible in (None, not entry.reversible)
        if fits and if_.model_fields_set <= {"action", "risk", "irreversible"}:
            yield review.name


def _messages(rules: Rules) -> Iterator[Told]:
    for code, entry in rules.messages.items():
        by = [f"trigger {each.name}" for each in rules.triggers if each.message == code]
        by += [f"{kind} needs {need.record}.{need.field}" for kind, action in rules.actions.items()
               for need in action.require if need.otherwise == code]  # fmt: skip
        if code in TOLD_BY_THE_STEPS:
            by.append("the steps")
        dead = "" if by else "no trigger, no requirement and no step tells it"
        yield Told(code, entry.class_, entry.customer, entry.next, tuple(by), dead)
