"""What is computed of a jet's constituents."""
