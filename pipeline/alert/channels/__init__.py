"""Ways out for alerts: one file a channel, found by the name in the configuration."""
