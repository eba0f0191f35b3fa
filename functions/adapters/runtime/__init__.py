"""The runtime of a function: boto3 clients, settings, secrets, logs and metrics, and the clock."""
