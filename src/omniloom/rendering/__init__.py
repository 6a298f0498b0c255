"""Show a citation, an answer, a trace as a picture, HTML or terminal text."""
