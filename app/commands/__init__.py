"""One file per subcommand: `arguments` describes it, `run` does it and imports what it needs only then."""
