"""Small helpers without a subject of their own: text for terminals, wake-ups, locks that survive a fork."""
