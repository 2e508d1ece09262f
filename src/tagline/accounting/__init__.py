"""What jobs took, and what would run, and why."""
