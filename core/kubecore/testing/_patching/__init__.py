"""JSON patches, merge patches and strategic merge patches. No I/O."""
