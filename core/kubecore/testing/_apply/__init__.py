"""Server-side apply: the owners of fields, and the merge of configurations. No I/O."""
