"""What stands where on a page or picture: OCR, lines, reading order, rows and columns.

Boxes are those of `core.locators`: (left, top, width, height) as fractions of the picture, origin top-left.
"""
