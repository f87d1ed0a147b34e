"""The three kinds of patches besides apply: JSON, merge and strategic merge. No I/O."""
