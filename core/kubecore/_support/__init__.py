"""Small general helpers: text for terminals, wake-ups, locks that survive a fork."""
