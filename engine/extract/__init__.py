"""Asks both APIs for what is new, and keeps every answer as it came."""
