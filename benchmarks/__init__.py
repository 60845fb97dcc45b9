"""The harness: plans a run, starts real servers, drives load, measures. It imports neither Django nor ``apps``."""
