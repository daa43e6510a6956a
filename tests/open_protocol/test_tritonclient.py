"""NVIDIA's own client, unchanged, against a gateway process: what it calls, we answer."""

import numpy as np
import pytest
import tritonclient.http as triton
import tritonclient.http.aio as triton_aio
from tritonclient.utils import InferenceServerException

from tests.gateway.installation import CANARY, SHADOW, STABLE

VERSION = STABLE.partition(":")[2]
EXPECTED = [0.28905049, 0.31002551]


def amounts(binary=True, values=(10.0, 20.0)):
    tensor = triton.InferInput("amount", [len(values), 1], "FP32")
    tensor.set_data_from_numpy(np.array(values, np.float32).reshape(-1, 1), binary_data=binary)
    return tensor


def notes(binary=True):
    tensor = triton.InferInput("note", [2], "BYTES")
    tensor.set_data_from_numpy(np.array(["plain", "ünïcode"], object), binary_data=binary)
    return tensor


def wanted(binary):
    return [triton.InferRequestedOutput("fraud_probability", binary_data=binary)]


def numbers(result):
    return result.as_numpy("fraud_probability")


def test_server_and_models_are_alive_and_ready(client):
    assert client.is_server_live()
    assert client.is_server_ready()
    assert client.is_model_ready("fraud")
    assert client.is_model_ready("fraud", VERSION)
    assert not client.is_model_ready("nothing")
    assert not client.is_model_ready("fraud", "20200101-00000000")
    assert not client.is_model_ready("fraud", SHADOW.partition(":")[2])


def test_metadata_describes_server_model_and_version(client):
    server = client.get_server_metadata()
    assert server["name"] == "signalbox"
    assert "binary_tensor_data" in server["extensions"]
    model = client.get_model_metadata("fraud")
    assert model["versions"] == [tag.partition(":")[2] for tag in (STABLE, CANARY)]
    assert model["platform"] == "onnx_onnxv1"
    assert model["inputs"][2] == {"name": "note", "datatype": "BYTES", "shape": [-1]}
    assert model["outputs"] == [{"name": "fraud_probability", "datatype": "FP32", "shape": [-1]}]
    assert client.get_model_metadata("fraud", VERSION)["versions"] == [VERSION]


def test_configuration_names_types_as_triton_does(client):
    config = client.get_model_config("fraud", VERSION)
    assert config["max_batch_size"] == 1024
    assert config["input"][0] == {
        "name": "amount",
        "data_type": "TYPE_FP32",
        "dims": [1],
        "optional": False,
    }
    assert config["input"][2]["data_type"] == "TYPE_STRING"
    assert config["output"][0]["name"] == "fraud_probability"


def test_the_repository_index_needs_no_body_and_says_what_runs(client):
    states = {entry["version"]: entry for entry in client.get_model_repository_index()}
    assert states[VERSION]["state"] == "READY"
    assert states[VERSION]["name"] == "fraud"
    unavailable = states[SHADOW.partition(":")[2]]
    assert (unavailable["state"], bool(unavailable["reason"])) == ("UNAVAILABLE", True)


def test_statistics_count_what_was_inferred(client, headers):
    def stats():
        [entry] = client.get_inference_statistics("fraud", VERSION)["model_stats"]
        return entry

    before = stats()
    for _ in range(3):
        client.infer("fraud", [amounts()], model_version=VERSION, headers=headers)
    after = stats()
    assert after["inference_count"] - before["inference_count"] == 6
    assert after["execution_count"] - before["execution_count"] == 3
    assert after["last_inference"] > 1_600_000_000_000
    durations = after["inference_stats"]
    assert durations["success"]["count"] - before["inference_stats"]["success"]["count"] == 3
    # The event loop's clock ticks in milliseconds: a single call may add nothing.
    assert durations["compute_infer"]["ns"] >= before["inference_stats"]["compute_infer"]["ns"]
    everything = client.get_inference_statistics()["model_stats"]
    assert {entry["version"] for entry in everything} >= {VERSION, CANARY.partition(":")[2]}


@pytest.mark.parametrize("binary_in", [True, False])
@pytest.mark.parametrize("binary_out", [True, False])
def test_infers_in_json_and_binary_both_ways(client, headers, binary_in, binary_out):
    inputs = [amounts(binary_in), notes(binary_in)]
    result = client.infer(
        "fraud", inputs, outputs=wanted(binary_out), request_id="call-1", headers=headers
    )
    assert numbers(result).tolist() == pytest.approx(EXPECTED, abs=1e-6)
    assert numbers(result).dtype == np.float32
    response = result.get_response()
    assert (response["id"], response["model_name"]) == ("call-1", "fraud")
    assert response["model_version"] == VERSION


def test_json_and_binary_inputs_may_be_mixed(client, headers):
    result = client.infer("fraud", [amounts(True), notes(False)], headers=headers)
    assert numbers(result).tolist() == pytest.approx(EXPECTED, abs=1e-6)


def test_without_outputs_all_come_back_binary(client, headers):
    result = client.infer("fraud", [amounts()], headers=headers)
    [output] = result.get_response()["outputs"]
    assert output["parameters"]["binary_data_size"] == 8
    assert "id" not in result.get_response()


def test_one_client_infers_many_times_on_its_connection(client, headers):
    for _ in range(50):
        assert len(numbers(client.infer("fraud", [amounts()], headers=headers))) == 2


def test_parameters_say_who_is_routed_and_what_answered(client, headers):
    parameters = {"targeting_key": "browser-1", "attr.country": "NL", "version": CANARY}
    result = client.infer(
        "fraud", [amounts()], parameters=parameters, timeout=15_000_000, headers=headers
    )
    answered = result.get_response()["parameters"]
    assert (answered["model_version"], answered["reason"]) == (CANARY, "PINNED")
    assert answered["decision_id"]


def test_the_version_in_the_path_is_pinned(client, headers):
    version = CANARY.partition(":")[2]
    result = client.infer("fraud", [amounts()], model_version=version, headers=headers)
    assert result.get_response()["model_version"] == version
    assert result.get_response()["parameters"]["reason"] == "PINNED"


@pytest.mark.parametrize("request_coding", [None, "gzip", "deflate"])
@pytest.mark.parametrize("response_coding", [None, "gzip", "deflate"])
def test_compression_both_ways(client, headers, request_coding, response_coding):
    values = np.arange(1000, dtype=np.float32)
    result = client.infer(
        "fraud",
        [amounts(values=values)],
        request_compression_algorithm=request_coding,
        response_compression_algorithm=response_coding,
        headers=dict(headers),  # the client adds Content-Encoding to the dict it is given
    )
    assert numbers(result).shape == (1000,)
    plain = numbers(client.infer("fraud", [amounts(values=values)], headers=headers))
    assert numbers(result).tolist() == plain.tolist()


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
def test_a_compressed_json_answer_is_read(client, headers, coding):
    result = client.infer(
        "fraud",
        [amounts(binary=False, values=range(500))],
        outputs=wanted(binary=False),
        response_compression_algorithm=coding,
        headers=headers,
    )
    assert numbers(result).shape == (500,)


def test_several_calls_in_flight_at_once(address, headers):
    with triton.InferenceServerClient(address.removeprefix("http://"), concurrency=4) as client:
        pending = [client.async_infer("fraud", [amounts()], headers=headers) for _ in range(12)]
        for call in pending:
            assert numbers(call.get_result()).tolist() == pytest.approx(EXPECTED, abs=1e-6)


@pytest.mark.parametrize(
    ("model", "version", "message", "status"),
    [
        ("nothing", "", "model: expected one of ['fraud'], got 'nothing'", "404"),
        ("fraud", "20200101-00000000", "version: expected a running version", "404"),
        ("fraud", "v10", "version: expected a running version", "404"),
        ("fraud", SHADOW, "which has no worker", "503"),
    ],
)
def test_unknown_models_and_versions_raise_with_message_and_status(
    client, headers, model, version, message, status
):
    for call in (
        lambda: client.infer(model, [amounts()], model_version=version, headers=headers),
        lambda: client.get_model_metadata(model, version),
        lambda: client.get_model_config(model, version),
        lambda: client.get_inference_statistics(model, version),
    ):
        with pytest.raises(InferenceServerException) as caught:
            call()
        assert message in caught.value.message()
        assert caught.value.status() == status


def test_bad_tensors_raise_with_the_field(client, headers):
    tensor = triton.InferInput("amount", [1], "FP64")
    tensor.set_data_from_numpy(np.array([1.0]))
    with pytest.raises(InferenceServerException, match=r"inputs\[0\].datatype: expected FP32"):
        client.infer("fraud", [tensor], headers=headers)
    with pytest.raises(InferenceServerException, match="authorization: expected a bearer key"):
        client.infer("fraud", [amounts()])
    with pytest.raises(InferenceServerException, match=r"parameters.sequence_id: expected no"):
        client.infer("fraud", [amounts()], sequence_id=7, headers=headers)


def test_what_is_not_served_says_so(client, headers):
    for call in (
        lambda: client.load_model("fraud"),
        lambda: client.unload_model("fraud"),
    ):
        with pytest.raises(InferenceServerException, match="started and stopped by releases"):
            call()
    for call in (
        client.get_system_shared_memory_status,
        client.get_cuda_shared_memory_status,
        lambda: client.register_system_shared_memory("r", "/k", 8),
        client.unregister_cuda_shared_memory,
        client.get_trace_settings,
        client.get_log_settings,
    ):
        with pytest.raises(InferenceServerException, match="extension: expected one of") as caught:
            call()
        assert caught.value.status() == "404"
    output = triton.InferRequestedOutput("fraud_probability", class_count=2)
    with pytest.raises(InferenceServerException, match="classification"):
        client.infer("fraud", [amounts()], outputs=[output], headers=headers)


async def test_the_async_client_works_the_same(address, headers):
    async with triton_aio.InferenceServerClient(address.removeprefix("http://")) as client:
        assert await client.is_server_live()
        assert await client.is_server_ready()
        assert await client.is_model_ready("fraud", VERSION)
        assert (await client.get_server_metadata())["name"] == "signalbox"
        assert (await client.get_model_metadata("fraud"))["name"] == "fraud"
        assert len(await client.get_model_repository_index()) == 3
        assert (await client.get_model_config("fraud"))["name"] == "fraud"
        assert (await client.get_inference_statistics("fraud"))["model_stats"]
        for coding in (None, "gzip", "deflate"):
            result = await client.infer(
                "fraud",
                [amounts()],
                request_id="a1",
                request_compression_algorithm=coding,
                response_compression_algorithm=coding,
                headers=dict(headers),
            )
            assert numbers(result).tolist() == pytest.approx(EXPECTED, abs=1e-6)
            assert result.get_response()["id"] == "a1"
        with pytest.raises(InferenceServerException, match="model: expected one of"):
            await client.infer("nothing", [amounts()], headers=headers)
