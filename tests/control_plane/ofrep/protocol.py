"""Shapes of OFREP 0.3's answers as JSON schemas, after open-feature/protocol service/openapi.yaml.

Closed where the protocol closes (reasons, error codes), open where it lets servers add members.
"""

STRING = {"type": "string"}
METADATA = {"type": "object", "additionalProperties": {"type": ["boolean", "string", "number"]}}
TOLD = {"key": STRING, "errorDetails": STRING, "metadata": METADATA}
EVALUATION_CODES = ["PARSE_ERROR", "TARGETING_KEY_MISSING", "INVALID_CONTEXT", "GENERAL"]

SUCCESS = {
    "type": "object",
    "required": ["key", "reason", "value"],
    "properties": {
        "key": STRING,
        "reason": {"enum": ["STATIC", "TARGETING_MATCH", "SPLIT", "DISABLED", "UNKNOWN"]},
        "variant": STRING,
        "metadata": METADATA,
        # One of the protocol's six kinds of flags; ours are objects.
        "value": {"type": "object"},
    },
    "not": {"required": ["errorCode"]},
}
FAILURE = {
    "type": "object",
    "required": ["key", "errorCode"],
    "properties": {**TOLD, "errorCode": {"enum": EVALUATION_CODES}},
}
NOT_FOUND = {
    "type": "object",
    "required": ["key", "errorCode"],
    "properties": {**TOLD, "errorCode": {"const": "FLAG_NOT_FOUND"}},
}
STREAM = {
    "type": "object",
    "required": ["type", "endpoint"],
    "properties": {
        "type": STRING,
        "endpoint": {
            "type": "object",
            "required": ["requestUri"],
            "properties": {"requestUri": {"type": "string", "pattern": "^/"}, "origin": STRING},
        },
        "url": False,
        "inactivityDelaySec": {"type": "integer", "minimum": 1},
    },
}
BULK = {
    "type": "object",
    "required": ["flags"],
    "properties": {
        "flags": {"type": "array", "items": {"oneOf": [SUCCESS, FAILURE]}},
        "eventStreams": {"type": "array", "items": STREAM},
        "metadata": METADATA,
    },
}
BULK_FAILURE = {
    "type": "object",
    "required": ["errorCode"],
    "properties": {"errorCode": STRING, "errorDetails": STRING},
}
GENERAL = {"type": "object", "properties": {"errorDetails": STRING}, "required": ["errorDetails"]}
EVENT = {
    "type": "object",
    "required": ["type"],
    "properties": {
        "type": STRING,
        "etag": STRING,
        "lastModified": {"type": ["integer", "string"]},
    },
}
