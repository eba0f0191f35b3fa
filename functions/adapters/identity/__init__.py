"""Keys of addresses, the items about ownership and suppression of addresses, and the signed tokens in mail links."""
