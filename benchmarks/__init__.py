"""What the kiosk is worth at the booth: how fast it answers a browser, and whether it stays as small as it starts."""
