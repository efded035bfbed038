"""The server as callers see it: a real one on a loopback port."""
