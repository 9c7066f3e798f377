"""What Qliro pushes: taken in by a small server, kept on disk until a sync reads it."""
