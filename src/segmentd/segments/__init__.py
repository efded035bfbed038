"""Segment definitions: rules, catalogue and use cases."""
