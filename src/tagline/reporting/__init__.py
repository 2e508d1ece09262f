"""What tables and figures of a comparison share."""
