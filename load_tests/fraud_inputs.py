"""The fraud model as it is measured: every number from the caller, nothing looked up.

Peers have no feature store, so all sides get the same rows and the same graph: the 24 numbers of
the signature, one column each.
"""

import msgspec

from bentos.contract.features import Feature, FeatureSchema
from bentos.fraud import schema as fraud

SIGNATURE = msgspec.structs.replace(
    fraud.SIGNATURE,
    inputs=tuple(spec for spec in fraud.SIGNATURE.inputs if spec is not fraud.CUSTOMER_ID),
    entities=msgspec.UNSET,
)
SCHEMA = FeatureSchema(
    model=fraud.MODEL,
    features=tuple(Feature(name=name, source=f"input:{name}") for name in fraud.INPUT_NAMES),
)
