"""How everything stands, why, and what a person decided."""
