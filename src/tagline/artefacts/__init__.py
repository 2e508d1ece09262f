"""Files that stages make, what is known of their making, and when they are made again."""
