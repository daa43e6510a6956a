"""What every part of Signalbox agrees on.

One module, one noun. Only the standard library and msgspec are imported here:
the gateway, the control plane, training and the bento workers all depend on this
package and it depends on none of them. Changes are additive; every document and
record carries its schema version, and readers for old versions stay.
"""
