"""What a change alters: history under two versions, document by document, by the rule behind it."""
