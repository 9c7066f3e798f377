"""Cases: what a mapping, a table or an entity makes of what is given, held against what is said."""
