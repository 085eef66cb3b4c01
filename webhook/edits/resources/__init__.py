"""Requests and limits that a Pod left open: what is proposed, what bounds allow, what the Pod requests."""
