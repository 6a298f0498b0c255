"""What is computed once is kept: a content-addressed store of files and a journal of everything made from them."""
