"""Jets as flat columns on disk, and as ragged batches in memory."""
