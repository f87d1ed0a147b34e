"""Facts about built-in kinds that no document contains: defaults, validation, behaviour. No I/O."""
