"""The command line for marketers, operators and developers. It stays on their machines; nothing of it ships to Lambda."""
