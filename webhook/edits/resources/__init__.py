"""The edit `resources`: requests and limits that a Pod leaves unset, within what bounds allow."""
