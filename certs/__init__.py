"""Certificates: issue them, keep them in files, say what they hold. Time is always an argument."""
