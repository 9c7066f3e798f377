"""What follows from what is planned: documents as if they stood, and what is planned then."""
