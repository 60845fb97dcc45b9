"""``session_auth``: a page for those who are logged in and may see it."""
