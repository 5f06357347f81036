"""The one way to send: place, reserve, send, settle, decide what follows."""
