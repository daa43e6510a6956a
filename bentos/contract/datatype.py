"""Open Inference Protocol v2 datatypes (inference_rest.md, "Tensor Data Types")."""

from enum import StrEnum


class Datatype(StrEnum):
    """Names as they stand on the wire."""

    BOOL = "BOOL"
    UINT8 = "UINT8"
    UINT16 = "UINT16"
    UINT32 = "UINT32"
    UINT64 = "UINT64"
    INT8 = "INT8"
    INT16 = "INT16"
    INT32 = "INT32"
    INT64 = "INT64"
    FP16 = "FP16"
    FP32 = "FP32"
    FP64 = "FP64"
    BYTES = "BYTES"


# Little-endian array-protocol type strings, so that this package needs no numpy.
# BYTES has none: its elements are a uint32 length and that many bytes.
ARRAY_TYPES: dict[Datatype, str] = {
    Datatype.BOOL: "|b1",
    Datatype.UINT8: "|u1",
    Datatype.UINT16: "<u2",
    Datatype.UINT32: "<u4",
    Datatype.UINT64: "<u8",
    Datatype.INT8: "|i1",
    Datatype.INT16: "<i2",
    Datatype.INT32: "<i4",
    Datatype.INT64: "<i8",
    Datatype.FP16: "<f2",
    Datatype.FP32: "<f4",
    Datatype.FP64: "<f8",
}

ITEM_SIZES: dict[Datatype, int] = {kind: int(text[2]) for kind, text in ARRAY_TYPES.items()}

STRUCT_CODES: dict[Datatype, str] = {
    Datatype.BOOL: "?",
    Datatype.UINT8: "B",
    Datatype.UINT16: "H",
    Datatype.UINT32: "I",
    Datatype.UINT64: "Q",
    Datatype.INT8: "b",
    Datatype.INT16: "h",
    Datatype.INT32: "i",
    Datatype.INT64: "q",
    Datatype.FP16: "e",
    Datatype.FP32: "f",
    Datatype.FP64: "d",
}
"The same for the struct module; write ``<`` before them."
