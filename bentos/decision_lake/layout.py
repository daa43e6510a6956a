"""How files are laid out.

A row that was found costs its row group, a file that is opened costs its footer, which grows with
the number of groups. Smaller groups made single rows cheaper and footers dearer: over fifty million
rows a person's decisions took the same processor time with this many as with four times as many.
"""

ROW_GROUP_ROWS = 8_192
