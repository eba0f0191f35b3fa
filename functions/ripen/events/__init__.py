"""Events: their model, parsing, sources, reserved names, rate limits, and detection of link scanners."""
