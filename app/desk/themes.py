"""The desk's colours: dark, light and high contrast, and the terminal's own where colour is not wanted."""

from __future__ import annotations

from textual.theme import Theme

DARK = Theme(
    name="lastclick-dark",
    primary="#82aaff",
    secondary="#89b4c4",
    accent="#e5c07b",
    warning="#e5b567",
    error="#ef7d86",
    success="#9ccf8b",
    foreground="#d9dce3",
    background="#15171c",
    surface="#1b1e25",
    panel="#272b35",
    dark=True,
    variables={"quiet": "#8d94a3", "rule": "#3a404d", "chosen": "#2a3142"},
)
LIGHT = Theme(
    name="lastclick-light",
    primary="#1f5fa8",
    secondary="#2c6b78",
    accent="#8a5a00",
    warning="#8a5200",
    error="#b3261e",
    success="#2c6e2f",
    foreground="#22252b",
    background="#faf9f6",
    surface="#f1efea",
    panel="#e4e1da",
    dark=False,
    variables={"quiet": "#5f6570", "rule": "#c4c0b6", "chosen": "#dfe6f1"},
)
CONTRAST = Theme(
    name="lastclick-contrast",
    primary="#7fd7ff",
    secondary="#ffffff",
    accent="#ffff00",
    warning="#ffff00",
    error="#ff8080",
    success="#80ff80",
    foreground="#ffffff",
    background="#000000",
    surface="#000000",
    panel="#262626",
    dark=True,
    variables={"quiet": "#d0d0d0", "rule": "#a0a0a0", "chosen": "#0040a0"},
)
ALL = (DARK, LIGHT, CONTRAST)

# Themes that are not ours lack our three variables: these stand in.
FALLBACK = {"quiet": "ansi_bright_black", "rule": "ansi_bright_black", "chosen": "ansi_blue"}


def default(no_color: bool) -> str:
    """The theme to start with. With NO_COLOR the terminal's own colours are used: Textual would paint greys."""
    return "ansi-dark" if no_color else DARK.name
