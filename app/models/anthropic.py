"""The Messages interface of Anthropic: one request for each rung of the ladder, one answer read."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from app.models.said import Said, count, cut_short, refused, shaped
from app.models.wire import Broken, Call

if TYPE_CHECKING:
    from app.models.said import Rung
    from config.rules import ModelEntry

VERSION = "2023-06-01"


def request(entry: ModelEntry, key: str | None, rung: Rung, prompt: str, *, name: str, schema: dict[str, Any]) -> Call:
    """json_schema: `output_config.format`. tool: one forced tool. prompt: the schema stands in the prompt."""
    body: dict[str, Any] = {"model": entry.model, "max_tokens": entry.max_tokens, "temperature": entry.temperature}
    if rung == "json_schema":
        body["output_config"] = {"format": {"type": "json_schema", "schema": _unbounded(schema)}}
    elif rung == "tool":
        body["tools"] = [{"name": name, "description": "Give the answer.", "input_schema": schema}]
        body["tool_choice"] = {"type": "tool", "name": name}
    else:
        prompt = f"{prompt}\nAnswer with one JSON object only, of this JSON Schema:\n{json.dumps(schema)}\n"
    body["messages"] = [{"role": "user", "content": prompt}]
    headers = {"anthropic-version": VERSION, **({"x-api-key": key} if key else {})}
    return Call(f"{(entry.base_url or 'https://api.anthropic.com/v1').rstrip('/')}/messages", headers, body)


def _unbounded(schema: Any) -> Any:
    """The schema without list lengths, which this interface's structured outputs refuse."""
    if isinstance(schema, dict):
        return {name: _unbounded(each) for name, each in schema.items() if name != "maxItems"}
    return [_unbounded(each) for each in schema] if isinstance(schema, list) else schema


def read(value: Any, rung: Rung) -> Said:
    """The text or the tool's input and what it cost. Raises `Broken` for refusals, cut-off and empty answers."""
    cached = count(value, "cache_read_input_tokens") + count(value, "cache_creation_input_tokens")
    tokens_in, tokens_out = count(value, "input_tokens") + cached, count(value, "output_tokens")
    with shaped(tokens_in, tokens_out):
        if value["stop_reason"] == "refusal":
            raise refused()
        if value["stop_reason"] in ("max_tokens", "model_context_window_exceeded"):
            raise cut_short()
        blocks = value["content"]
        inputs = [block["input"] for block in blocks if block["type"] == "tool_use"]
        if rung == "tool" and inputs:
            return Said(json.dumps(inputs[0]), tokens_in, tokens_out)
        text = "".join(block["text"] for block in blocks if block["type"] == "text")
        if not text.strip():
            raise Broken("empty_answer", "The model answered with nothing.", "answer")
        return Said(text, tokens_in, tokens_out)
