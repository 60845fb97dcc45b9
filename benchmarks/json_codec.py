"""Dataclasses to JSON and back, checked: an unknown or missing field is an error, not a surprise later."""

from cattrs.preconf.json import make_converter

json_codec = make_converter(forbid_extra_keys=True)
