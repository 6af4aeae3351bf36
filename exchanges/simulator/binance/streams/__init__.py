"""The venue's WebSocket streams: public, market and private."""
