"""What no document contains about built-in kinds: defaults, validation and behaviour, learned from real servers."""
