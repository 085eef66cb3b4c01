"""What running containers use, one file for each source."""
