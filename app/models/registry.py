"""Every model of models.toml by its name; each is loaded when it is first asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.models.embedded import Embedded, Fitted

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from app.models.port import Model
    from config.rules import Rules
    from store.live import PromptVersion


def models(rules: Rules, folder: Path) -> Mapping[str, Model]:
    """Nothing is loaded, fitted or sent here. `folder` keeps the fitted pair and the reviewed tickets."""
    fitted = Fitted(rules, folder)
    found: dict[str, Model] = {}
    for name, entry in rules.models.items():
        if entry.kind == "embedded":
            found[name] = Embedded(name, entry.which or "cheap", rules, fitted)
        else:
            from app.models.endpoint import Endpoint

            found[name] = Endpoint(name, entry, rules)
    return found


def versions(rules: Rules, loaded: Mapping[str, Model]) -> tuple[PromptVersion, ...]:
    """Every prompt that an endpoint of these models can be given, as it stands in the rules; embedded ones have none."""
    from app.models.endpoint import Endpoint
    from store.live import PromptVersion

    found = []
    for name, model in loaded.items():
        if not isinstance(model, Endpoint):
            continue
        entry = rules.models[name]
        parameters = {"model": entry.model, "temperature": entry.temperature, "max_tokens": entry.max_tokens}
        found += [
            PromptVersion(
                version=version, name=prompt, model=name, template=rules.prompts[prompt], parameters=parameters
            )
            for prompt, version in model.versions().items()
        ]
    return tuple(found)
