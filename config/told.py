"""Which failure messages the workflow tells by itself, without a rule that names them."""

from __future__ import annotations

TOLD_BY_THE_STEPS = frozenset(
    {
        "action_failed", "action_unknown", "approval_void", "connector_refused", "connector_timeout",
        "connector_unreachable", "field_missing", "key_too_old", "message_too_long", "missing_detail", "model_answer_unfit",
        "model_broke_off", "model_busy", "model_quota", "model_refused", "model_timeout", "model_unreachable",
        "no_passage", "order_not_found", "records_down", "stale_facts", "step_broke", "switched_off", "undelivered_reply",
    }
)  # fmt: skip
"""Codes of messages.toml that the steps themselves tell, without a rule that names them."""
