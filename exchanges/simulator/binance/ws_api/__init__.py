"""The venue's WebSocket API: requests and replies in frames."""
