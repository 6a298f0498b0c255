"""Bundles for the task `mixed`: a paragraph set into a PDF, a table, a receipt and a recording, with questions.

Made from a folder of labelled files by a seed: equal files and an equal seed give equal bytes, on any machine, without
a network. `python -m omniloom.evaluation.bundles DATA OUT` writes them down as files, for people and other programs.
"""
