"""Which document does a line refer to? Candidates by set-based SQL, then the choice among them."""
