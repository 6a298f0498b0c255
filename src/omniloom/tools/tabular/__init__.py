"""Tables as SQL sees them: typed columns, read-only queries in a child, and the rows that answers came from."""
