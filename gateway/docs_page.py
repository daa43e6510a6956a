"""GET /docs: the OpenAPI document as one HTML page a person can read.

Everything is in the page: no script, no font, no image, nothing fetched from anywhere.
"""

import json
from html import escape
from typing import Any

from gateway.metadata import Values
from gateway.openapi import describe
from gateway.reply import Reply
from gateway.serving import Serving

Json = dict[str, Any]

HEADERS = [
    (b"content-type", b"text/html; charset=utf-8"),
    (b"content-security-policy", b"default-src 'none'; style-src 'unsafe-inline'"),
    (b"x-content-type-options", b"nosniff"),
]
STYLE = """
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }
body { margin: 2rem auto; max-width: 60rem; padding: 0 1rem }
code, pre { font: 0.85rem/1.45 ui-monospace, monospace }
pre { background: color-mix(in srgb, currentColor 7%, transparent); border-radius: 0.4rem;
  overflow-x: auto; padding: 0.75rem }
section { border-top: 1px solid color-mix(in srgb, currentColor 20%, transparent);
  margin-top: 1.5rem }
h2 { font-size: 1rem; margin: 1rem 0 0.25rem }
h3 { font-size: 0.85rem; margin: 0.75rem 0 0.25rem; opacity: 0.75 }
table { border-collapse: collapse } td, th { padding: 0.15rem 1rem 0.15rem 0; text-align: left }
.method { font-weight: 700 }
"""


def page(serving: Serving, _values: Values, _body: bytes) -> Reply:
    """GET /docs."""
    return Reply(200, HEADERS, render(describe(serving.snapshot)).encode())


def render(document: Json) -> str:
    """The page of a document."""
    info = document["info"]
    sections = [
        _operation(path, method, operation, document)
        for path, methods in sorted(document["paths"].items(), key=_calls_first)
        for method, operation in methods.items()
    ]
    title = f"{escape(info['title'])} {escape(info['version'])}"
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>{title}</title><style>{STYLE}</style></head><body><h1>{title}</h1>"
        f"<p>{escape(info['description'])}</p>"
        "<p>The same as data: <a href=openapi.json>openapi.json</a></p>"
        f"{''.join(sections)}</body></html>"
    )


def _calls_first(item: tuple[str, Json]) -> tuple[bool, str]:
    """The inference calls are what most readers came for."""
    return "post" not in item[1], item[0]


def _operation(path: str, method: str, operation: Json, document: Json) -> str:
    content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    answer = operation["responses"]["200"].get("content", {}).get("application/json", {})
    title = f'<span class="method">{method.upper()}</span> <code>{escape(path)}</code>'
    parts = [f"<section><h2>{title}</h2><p>{escape(operation['summary'])}</p>"]
    if "example" in content:
        parts.append(f"<h3>Request</h3><pre>{escape(_curl(path, operation, content))}</pre>")
        parts.append(_fields(content["schema"], document))
    if "example" in answer:
        parts.append(f"<h3>Answer</h3><pre>{escape(_pretty(answer['example']))}</pre>")
    others = [status for status in operation["responses"] if status != "200"]
    if others:
        parts.append(f'<h3>Errors: {", ".join(others)}, each <code>{{"error": "…"}}</code></h3>')
    return f"{''.join(parts)}</section>"


def _curl(path: str, operation: Json, content: Json) -> str:
    key = (
        '  -H "Authorization: Bearer $SIGNALBOX_CALLER_KEY" \\\n' if "security" in operation else ""
    )
    return f"curl -s http://HOST{path} \\\n{key}  -d '{_pretty(content['example'])}'"


def _fields(schema: Json, document: Json) -> str:
    """The named values of a ``:predict`` row, with what each may be."""
    name = schema.get("$ref", "").rpartition("/")[2].removesuffix("_predict")
    row = document["components"]["schemas"].get(f"{name}_row")
    if row is None or not schema["$ref"].endswith("_predict"):
        return ""
    lines = [
        f"<tr><td><code>{escape(field)}</code></td><td>{_what(value)}</td>"
        f"<td>{'required' if field in row.get('required', ()) else 'optional'}</td>"
        f"<td>{escape(value.get('description', ''))}</td></tr>"
        for field, value in row["properties"].items()
    ]
    return f"<h3>Values of an instance</h3><table>{''.join(lines)}</table>"


def _what(schema: Json) -> str:
    """A type and its bounds in a few words."""
    chosen = next(iter(schema.get("anyOf", [schema])))
    kind = str(chosen.get("type", "any"))
    if kind == "array":
        return f"list of {_what(chosen['items'])}"
    low, high = chosen.get("minimum"), chosen.get("maximum")
    bounds = [f"≥ {low:g}"] if low is not None and abs(low) < 1e15 else []
    bounds += [f"≤ {high:g}"] if high is not None and abs(high) < 1e15 else []
    return " ".join([kind, *bounds])


def _pretty(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)
