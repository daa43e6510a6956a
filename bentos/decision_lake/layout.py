"""How compacted files are laid out."""

ROW_GROUP_ROWS = 32_768
