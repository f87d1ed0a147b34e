"""Small helpers of several packages; not public."""
