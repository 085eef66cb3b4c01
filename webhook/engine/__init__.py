"""The product: `evaluate(request, snapshot) -> Decision`, and `explain`, its talkative twin. Pure."""
