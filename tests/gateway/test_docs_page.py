"""The page of an OpenAPI document: names are text, whatever they hold."""

from bentos.contract.datatype import Datatype
from bentos.contract.signature import InputSpec, ModelSignature, OutputSpec
from gateway.docs_page import render
from gateway.openapi import describe
from gateway.snapshot import ModelView, Snapshot


def test_names_and_descriptions_cannot_become_markup():
    signature = ModelSignature(
        model="m",
        inputs=(InputSpec(name="<b>x", datatype=Datatype.FP32, description="<script>1</script>"),),
        outputs=(OutputSpec(name="<i>y", datatype=Datatype.FP32),),
    )
    page = render(describe(Snapshot(models={"m": ModelView(signature)})))
    assert "&lt;b&gt;x" in page
    for markup in ("<b>", "<script>", "<i>"):
        assert markup not in page


def test_lists_and_texts_are_said_in_words():
    signature = ModelSignature(
        model="m",
        inputs=(
            InputSpec(name="ids", datatype=Datatype.INT64, shape=(-1,), minimum=-1, max_length=9),
            InputSpec(name="note", datatype=Datatype.BYTES, required=False),
        ),
        outputs=(OutputSpec(name="p", datatype=Datatype.FP32),),
    )
    page = render(describe(Snapshot(models={"m": ModelView(signature)})))
    assert "list of integer ≥ -1" in page
    assert "<td>string</td><td>optional</td>" in page
