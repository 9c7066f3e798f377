"""Seeded troubles by name, each adds its oddity to a world."""
