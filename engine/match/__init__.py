"""Which document does a line refer to? Candidates by SQL, then the choice among them."""
