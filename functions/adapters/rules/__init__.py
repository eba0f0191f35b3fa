"""Rule files: reading and checking uploads, and storing and loading the active configuration in S3."""
