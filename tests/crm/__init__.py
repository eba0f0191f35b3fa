"""CRMs for tests: what they take, and stubs on loopback that behave like them."""
