"""The command line for marketers, operators and developers; nothing of it ships to Lambda."""
