"""The demo, and sandboxes served to people."""
