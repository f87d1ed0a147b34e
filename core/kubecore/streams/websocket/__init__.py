"""WebSocket connections to the API server: frames, state and the two sessions."""
