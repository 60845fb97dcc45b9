"""Django's own tests, run through the fast lane: ``python -m apps.fastlane.conformance``."""
