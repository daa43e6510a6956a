"""The questions auditors ask by name, answered from the register and the archive it names."""
