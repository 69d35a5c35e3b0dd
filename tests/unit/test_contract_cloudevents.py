"""An independent implementation, the CloudEvents project's own SDK, reads our events as they are on the wire."""

import json

from cloudevents.core.bindings.http import HTTPMessage, from_http_event, to_structured_event
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from cloudevents.v1.http import from_http, from_json

from contract import codec
from contract.events import Event
from contract.kinds import Kind
from tests.samples import as_json, sample_event

MEDIA_TYPE = "application/cloudevents+json"


def test_the_sdk_reads_the_json_format() -> None:
    event = sample_event()
    read = JSONFormat().read(CloudEvent, codec.encode(event))
    assert read.get_specversion() == "1.0"
    assert read.get_id() == event.id
    assert read.get_source() == "/manggarai/edge-1/gate-north"
    assert read.get_type() == "jaga.intrusion.begin"
    assert read.get_time() == event.time
    assert read.get_subject() == "gate-north"
    assert read.get_datacontenttype() == "application/json"
    assert read.get_extension("sequence") == event.sequence == "00000000000000000042"
    assert read.get_extension("traceparent") == event.traceparent
    data = read.get_data()
    assert isinstance(data, dict)
    assert data == as_json(event)["data"]
    assert data["kind"] == Kind.INTRUSION


def test_the_sdk_reads_http_structured_mode() -> None:
    event = sample_event()
    read = from_http_event(HTTPMessage(headers={"content-type": MEDIA_TYPE}, body=codec.encode(event)))
    assert (read.get_id(), read.get_type(), read.get_time()) == (event.id, event.type, event.time)
    assert read.get_extension("sequence") == event.sequence


def test_we_read_what_the_sdk_writes() -> None:
    event = sample_event()
    message = to_structured_event(JSONFormat().read(CloudEvent, codec.encode(event)))
    assert message.headers["content-type"].startswith(MEDIA_TYPE)
    assert codec.decode_event(message.body) == event


def test_the_sdks_older_interface_reads_them_too() -> None:
    event = sample_event()
    read = from_json(codec.encode(event))
    assert (read["id"], read["source"], read["type"]) == (event.id, event.source, event.type)
    assert read["sequence"] == event.sequence
    assert read.data["why"]["rule"] == "intrusion-yard"
    over_http = from_http({"content-type": MEDIA_TYPE}, codec.encode(event))
    assert over_http["id"] == event.id


def test_an_event_without_optional_attributes_has_no_nulls_among_them() -> None:
    """CloudEvents 1.0.2 JSON format, 2.4: an unset attribute is left out."""
    event = sample_event()
    bare = Event(
        id=event.id, source=event.source, type=event.type, time=event.time, sequence=event.sequence, data=event.data
    )
    document = json.loads(codec.encode(bare))
    assert None not in document.values()
    assert JSONFormat().read(CloudEvent, codec.encode(bare)).get_subject() is None
