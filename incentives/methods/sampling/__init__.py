"""Methods that draw coalitions or joining orders and average what they show."""
