"""An answer as Liquid: Shopify renders it inside the theme's layout.

The answer is JSON in a script element that no browser runs. Nothing in it can be read as
markup or as Liquid, whatever strings a model answers.
"""

from html import escape

from msgspec import structs

from gateway.reply import Reply

CONTENT_TYPE = b"application/liquid"
# All of them stand inside JSON strings only, or next to each other only there.
_ESCAPES = (
    (b"<", b"\\u003c"),
    (b">", b"\\u003e"),
    (b"&", b"\\u0026"),
    (b"%", b"\\u0025"),
    (b"{{", b"\\u007b\\u007b"),
)


def render(reply: Reply, model: str) -> Reply:
    """The reply with its JSON body wrapped for a theme."""
    body = reply.body
    for text, escaped in _ESCAPES:
        body = body.replace(text, escaped)
    name = escape(model, quote=True).encode().replace(b"{", b"&#123;").replace(b"%", b"&#37;")
    opening = b'<script type="application/json" data-signalbox="%b">' % name
    headers = [pair for pair in reply.headers if pair[0] != b"content-type"]
    headers.append((b"content-type", CONTENT_TYPE + b"; charset=utf-8"))
    return structs.replace(reply, headers=headers, body=opening + body + b"</script>\n")
