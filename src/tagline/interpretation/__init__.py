"""What a trained tagger looks at."""
