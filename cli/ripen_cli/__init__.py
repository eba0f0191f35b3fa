"""The `ripen` command line for marketers, operators and developers; it is not deployed to Lambda."""
