"""What a thrown switch means for a ticket on its way: the way that was chosen instead, or that it waits."""

from __future__ import annotations

from app.workflow.services import Services
from config.rules import Rules
from store.contract import Failure
from store.live import Switch


def rules(services: Services) -> Rules:
    """The rules with the way that was chosen when a switch was thrown in place of a closed route's own `instead`."""
    given, chosen = services.rules, {}
    for switch in services.switches():
        way = switch.waiting.removeprefix("route:")
        if switch.on or way == switch.waiting or way not in given.routes:
            continue
        for name, entry in given.routes.items():
            if name != way and (switch.kind, switch.name) in (("route", name), ("model", entry.model)):
                chosen[name] = entry.model_copy(update={"instead": way})
    return given.model_copy(update={"routes": {**given.routes, **chosen}}) if chosen else given


def holding(failure: Failure, services: Services) -> Switch | None:
    """The switch that the failure names, when it wants new tickets to wait (the default) rather than go to a person."""
    for switch in services.switches():
        if not switch.on and switch.waiting == "hold" and f"{switch.kind} {switch.name}" in failure.internal_note:
            return switch
    return None
