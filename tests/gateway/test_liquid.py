import json

import pytest

from gateway.liquid import render
from gateway.reply import Reply

KIND = (b"content-type", b"application/json")


@pytest.mark.parametrize(
    "text",
    ["</script><script>alert(1)</script>", "{{ shop.email }}", "{% include 'x' %}", "{{{ a }}}",
     "<!--", "&amp;", "{%- raw -%}", "{% endraw %}", "naïve 😀"],
)  # fmt: skip
def test_no_answer_is_read_as_markup_or_liquid(text):
    value = {"predictions": [{"label": text, text: {"nested": {"deep": [[text]]}}}]}
    body = json.dumps(value, ensure_ascii=False).encode()
    reply = render(Reply(200, [KIND], body), "items")
    inner = reply.body.partition(b">")[2].removesuffix(b"</script>\n")
    assert json.loads(inner) == value
    assert not any(part in inner for part in (b"<", b">", b"{{", b"{%", b"&"))


def test_a_model_s_name_cannot_leave_its_attribute():
    reply = render(Reply(200, [KIND], b"{}"), 'a"><script>{{ x }}{% y %}')
    opening = reply.body.partition(b"{}</script>")[0]
    assert opening.count(b"<") == opening.count(b">") == 1
    assert b"{{" not in opening
    assert b"{%" not in opening


def test_only_body_and_content_type_change():
    reply = render(Reply(200, [(b"x-signalbox-reason", b"STATIC"), KIND], b"{}"), "items")
    kind = (b"content-type", b"application/liquid; charset=utf-8")
    assert reply.headers == [(b"x-signalbox-reason", b"STATIC"), kind]
