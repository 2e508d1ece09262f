"""What taggers are made of."""
