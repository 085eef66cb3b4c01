"""`python -m webhook` is `podtailor`."""

from webhook.cli import main

main()
