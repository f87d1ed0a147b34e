"""Connections to ports of pods, over SPDY in a WebSocket."""
