"""The fake API server is compared with the real one: both must send the same responses to the same requests."""
