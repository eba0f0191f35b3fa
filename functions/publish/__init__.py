"""The publish function: it turns uploaded rules into the active configuration."""
