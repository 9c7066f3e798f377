"""What Qliro pushes: taken in by a small server of its own, kept on disk until a sync reads it."""
