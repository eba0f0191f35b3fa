"""The only home of boto3 and of the environment: the domain's values in, AWS calls out, and back."""
