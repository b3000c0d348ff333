"""What tests and benchmarks share: a browser, a sound card, clips."""
