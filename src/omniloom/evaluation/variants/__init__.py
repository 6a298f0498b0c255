"""Samples made harder, or hostile: a variant is a file with `vary(sample, seed)`.

Equal samples and equal seeds give equal variants. `vary` gives the sample itself back where there is nothing it could
change, such as the order of a single source; it changes nothing but what its file says. A variant may have SCORERS, for
what only it can show.
"""
