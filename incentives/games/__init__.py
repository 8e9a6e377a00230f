"""Games made from others: remembered, repeated, summed over rounds, read from a file, lent out."""
