"""Formats of text: what each says, block by block. Used by the text reader, inside its child."""
