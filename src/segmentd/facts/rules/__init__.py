"""The rules that give transactions their categories."""
