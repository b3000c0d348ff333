"""Killed processes, full disks, folders that cannot be written: what was finished stays, and the rest can go on."""
