"""What every variant answers."""

BODY = b"Hello, world!"
CONTENT_TYPE = "text/plain"
