"""What can be known before a merchant goes to work: the checks, and what each found."""
