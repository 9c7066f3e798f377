"""How a merchant gets in: consent, connection, tokens; and whether it may post."""
