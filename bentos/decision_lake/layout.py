"""How files are laid out.

A row that was found costs its row group, a file that is opened costs its footer, which grows with
the number of groups: of 2,048 to 32,768 rows a group, this one made one person's decisions out
of ninety compacted files cheapest, with and without footers that are known.
"""

ROW_GROUP_ROWS = 8_192
