"""The states that a line, order or transfer may be in."""

# The least finished first; a line has that of its least finished outcome.
STATES = ("parked", "waiting", "planned", "ignored", "adopted", "posted", "done")
# Of what is in one of these nothing is open; what needed no document is done.
CLOSED = ("ignored", "adopted", "posted", "done")
