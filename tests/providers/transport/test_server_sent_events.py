"""Server-sent events: their data, however the bytes arrive."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.transport.reply_size import TooLarge
from providers.transport.server_sent_events import Events


def read(*chunks: bytes, largest: int = 1000) -> list[bytes]:
    events = Events(largest)
    return [data for chunk in chunks for data in events.feed(chunk)] + events.end()


@pytest.mark.parametrize(
    ("sent", "data"),
    [
        (b"data: a\n\ndata: b\n\n", [b"a", b"b"]),
        (b"data:a\r\n\r\ndata:  b\r\n\r\n", [b"a", b" b"]),
        (b"data: a\rdata: b\r\r", [b"a\nb"]),
        (b"event: x\nid: 7\nretry: 3\n: a comment\ndata: a\n\n", [b"a"]),
        (b"data\n\n", [b""]),
        (b": ping\n\n: ping\n\n", []),
        (b"\xef\xbb\xbfdata: a\n\n", [b"a"]),
        (b"data: a\n", [b"a"]),
        (b"data: a", [b"a"]),
        (b"database: a\n\n", []),
        (b"", []),
    ],
)
def test_the_data_of_each_event(sent, data):
    assert read(sent) == data
    assert read(*(sent[i : i + 1] for i in range(len(sent)))) == data


LINES = st.text(alphabet="ab: é\N{GRINNING FACE}", max_size=8).map(str.encode)


@given(
    st.lists(st.lists(LINES, min_size=1, max_size=3), max_size=6),
    st.sampled_from([b"\n", b"\r\n", b"\r"]),
    st.lists(st.integers(1, 200), max_size=12),
)
def test_where_the_bytes_are_cut_does_not_matter(events, end, cuts):
    sent = b"".join(b"".join(b"data: " + line + end for line in lines) + end for lines in events)
    at, chunks = 0, list[bytes]()
    for size in cuts:
        chunks.append(sent[at : at + size])
        at += size
    assert read(*chunks, sent[at:]) == [b"\n".join(lines) for lines in events]


@pytest.mark.parametrize(
    "chunks",
    [
        [b"data: " + b"x" * 200],
        [b"x" * 60, b"x" * 60],
        [b"data: " + b"x" * 40 + b"\n"] * 3,
        [b": " + b"x" * 40 + b"\n"] * 3,
    ],
)
def test_an_event_without_end_is_not_kept(chunks):
    with pytest.raises(TooLarge):
        read(*chunks, largest=100)


def test_many_events_are_no_large_one():
    assert len(read(*[b"data: " + b"x" * 40 + b"\n\n"] * 50, largest=100)) == 50
