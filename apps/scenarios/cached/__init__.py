"""``cached``: three keys read and one written."""
