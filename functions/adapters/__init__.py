"""Adapters between the domain and AWS. Only this package uses boto3 and reads the environment."""
