"""Chat Completions, as OpenAI and many servers speak it: one request for each rung of the ladder, one answer read."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from app.models.said import Said, count, cut_short, refused, shaped
from app.models.wire import Broken, Call

if TYPE_CHECKING:
    from app.models.said import Rung
    from config.rules import ModelEntry


def request(entry: ModelEntry, key: str | None, rung: Rung, prompt: str, *, name: str, schema: dict[str, Any]) -> Call:
    """json_schema: `response_format`. tool: one forced function. prompt: the schema stands in the prompt."""
    body: dict[str, Any] = {
        "model": entry.model,
        "max_tokens": entry.max_tokens,
        "temperature": entry.temperature,
        "stream": False,
    }
    if rung == "json_schema":
        wanted = {"name": name, "strict": True, "schema": schema}
        body["response_format"] = {"type": "json_schema", "json_schema": wanted}
    elif rung == "tool":
        body["tools"] = [{"type": "function", "function": {"name": name, "parameters": schema}}]
        body["tool_choice"] = {"type": "function", "function": {"name": name}}
    else:
        prompt = f"{prompt}\nAnswer with one JSON object only, of this JSON Schema:\n{json.dumps(schema)}\n"
    body["messages"] = [{"role": "user", "content": prompt}]
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    return Call(f"{(entry.base_url or '').rstrip('/')}/chat/completions", headers, body)


def read(value: Any, rung: Rung) -> Said:
    """The text of the first choice and what it cost. Raises `Broken` for refusals, cut-off and empty answers."""
    tokens_in, tokens_out = count(value, "prompt_tokens"), count(value, "completion_tokens")
    with shaped(tokens_in, tokens_out):
        choice = value["choices"][0]
        message = choice["message"]
        reason = choice.get("finish_reason")
        if message.get("refusal") or reason == "content_filter":
            raise refused()
        if reason == "length":
            raise cut_short()
        calls = message.get("tool_calls") or []
        text = calls[0]["function"]["arguments"] if rung == "tool" and calls else message.get("content")
        if isinstance(text, list):
            text = "".join(part["text"] for part in text if part.get("type") == "text")
        if not isinstance(text, str) or not text.strip():
            raise Broken("empty_answer", "The model answered with nothing.", "answer")
        return Said(text, tokens_in, tokens_out)
