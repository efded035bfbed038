"""Answers: verdicts, their five forms, batches and the service, over gRPC and without."""
