"""The engines that are compared, each asked in the ways that its experts would try."""
