"""Server-side apply: who owns which field, and how configurations are merged. No I/O."""
