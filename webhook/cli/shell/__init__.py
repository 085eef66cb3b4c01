"""What the command line says of itself: help pages, exit codes, and errors in how it is called."""
