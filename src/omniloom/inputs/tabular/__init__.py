"""Tables: each kind of file becomes grids, each grid a profile and groups of rows."""
