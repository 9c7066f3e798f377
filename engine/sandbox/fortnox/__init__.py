"""The sandbox's Fortnox: its API, what it refuses, and what it books."""
