"""Results of a check, in the formats that pipelines read. Pure: text out, nothing printed."""
