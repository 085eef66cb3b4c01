"""The edit `resources` in CEL: requests and limits that a Pod leaves unset, within what bounds allow."""
