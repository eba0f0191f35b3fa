"""Publishing: from uploaded rules to the active configuration."""
