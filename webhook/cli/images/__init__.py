"""`podtailor images`: on which platforms images run, and what owners would."""
