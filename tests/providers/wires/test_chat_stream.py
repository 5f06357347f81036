"""What the chunks of a chat stream are put together to, with what servers do to them."""

import json
from typing import Any

import pytest

from providers.transport.reply_size import TooLarge
from providers.transport.streaming import BrokenStream, Streamed, is_event_stream
from providers.types import Reply, Usage
from providers.wires.chat import parse_chat, parse_completions
from providers.wires.chat_stream import ChatStream
from providers.wires.messages_stream import MessagesStream
from providers.wires.responses_stream import ResponsesStream
from tests.providers.sdk.sdk_ends import ask

USAGE = {"prompt_tokens": 3, "completion_tokens": 5}


def piece(content: Any = None, index: Any = 0, finish: str | None = None, **more: Any) -> dict[str, Any]:
    return {
        "index": index,
        "delta": {"content": content} if content is not None else {},
        "finish_reason": finish,
    } | more


def chunk(*choices: dict[str, Any], **more: Any) -> str:
    return json.dumps({"id": "c", "model": "m", "choices": list(choices), **more})


def put(n: int, *data: str) -> ChatStream:
    stream = ChatStream(n)
    for one in data:
        stream.take(one.encode())
    return stream


def feed(stream: Streamed, events: list[str]) -> None:
    for data in events:
        stream.feed(f"data: {data}\n\n".encode())


def reply(stream: Any, n: int = 1, parse: Any = parse_chat) -> Reply:
    assert stream.whole
    return parse(stream.body(), latency_s=0, headers={}, n=n)


def texts(stream: Any, n: int = 1) -> list[str]:
    return [choice.text for choice in reply(stream, n).choices]


def test_halves_of_a_character_come_together():
    """Servers that escape what is not ASCII may cut between the two halves of a surrogate pair."""
    stream = put(1, chunk(piece("a\ud83d")), chunk(piece("\ude00b", finish="stop")), "[DONE]")
    assert texts(stream) == ["a\N{GRINNING FACE}b"]
    assert texts(put(1, chunk(piece("\ud83d", finish="stop")), "[DONE]")) == ["\ufffd"]


def test_typed_parts_and_texts():
    thought = {"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}
    stream = put(1, chunk(piece([thought])), chunk(piece("fo")), chunk(piece("ur", finish="stop")), "[DONE]")
    (choice,) = reply(stream).choices
    assert (choice.text, choice.reasoning) == ("four", "hm")


@pytest.mark.parametrize(
    "pieces", [("1", 2), (["1", "2"],), ({"type": "text", "text": "1"}, [{"type": "text", "text": 2}])]
)
def test_pieces_that_are_no_texts_are_what_they_say(pieces):
    *first, last = pieces
    stream = put(1, *(chunk(piece(one)) for one in first), chunk(piece(last, finish="stop")), "[DONE]")
    assert texts(stream) == ["12"]


def test_a_choice_without_an_index_is_the_one_that_was_asked_for():
    stream = put(
        1,
        *(chunk({"delta": {"content": c}, "finish_reason": f}) for c, f in (("a", None), ("b", "stop"))),
        "[DONE]",
    )
    assert texts(stream) == ["ab"]


def test_what_comes_after_a_choices_end_is_a_choice_that_comes_again():
    stream = put(
        2, chunk(piece("a", 0, "stop"), piece("b", 1, "stop")), chunk(piece("a", 0, "stop")), "[DONE]"
    )
    assert texts(stream, 2) == ["a", "b"]
    assert len(reply(stream, 2).notes) == 1
    quiet = put(1, chunk(piece("a", 0, "stop")), chunk(piece("", 0)), chunk(piece(None, 0, "stop")), "[DONE]")
    assert reply(quiet).notes == ()


def test_more_choices_than_asked_are_dropped():
    stream = put(1, chunk(piece("a", 0, "stop"), piece("b", 1, "stop"), piece("c", True, "stop")), "[DONE]")
    assert texts(stream) == ["a"]


def test_the_completions_wire():
    stream = put(
        1,
        chunk({"index": 0, "text": "fo"}),
        chunk({"index": 0, "text": "ur", "finish_reason": "length"}),
        "[DONE]",
    )
    (choice,) = reply(stream, parse=parse_completions).choices
    assert (choice.text, choice.finish_reason) == ("four", "length")


@pytest.mark.parametrize("where", ["chunk", "choice"])
def test_token_ids_are_counted_where_vllm_puts_them(where):
    """Of the prompt: beside the choices of a chat, in the choices of a completion."""
    first = piece("a", token_ids=[7, 8])
    told = {"prompt_token_ids": [1, 2, 3]}
    stream = put(2, chunk(first, **told) if where == "chunk" else chunk(first | told), chunk(piece("b", 1)))
    assert stream.begun()["usage"] == {"prompt_tokens": 3, "completion_tokens": 2}


def test_usage_so_far_is_not_the_final_one():
    """A server that tells it all along, and whose last one is missing, leaves the cost unknown."""
    so_far = chunk(piece("a"), usage=USAGE)
    assert reply(put(1, so_far, chunk(piece("b", finish="stop")), "[DONE]")).usage is None
    final = put(1, so_far, chunk(piece("b", finish="stop"), usage=USAGE), "[DONE]")
    assert reply(final).usage == Usage(input=3, output=5)


def test_a_reply_closed_before_its_samples_ended_is_broken():
    with pytest.raises(BrokenStream):
        put(2, chunk(piece("a", 0, "stop"), piece("b", 1)), "[DONE]")


@pytest.mark.parametrize("not_yet", ["", "null", "None", " NULL "])
@pytest.mark.parametrize("n", [1, 3])
def test_a_reason_to_finish_that_says_nothing_is_no_end(n, not_yet):
    """As older Ollama, SGLang and KoboldCpp write into every chunk."""
    parts = [chunk(*(piece(part, i, not_yet) for i in range(n))) for part in ("fo", "ur")]
    ends = chunk(*(piece("", i, "stop") for i in range(n)))
    whole = reply(put(n, *parts, ends, chunk(usage=USAGE), "[DONE]"), n)
    assert [(c.text, c.finish_reason) for c in whole.choices] == [("four", "stop")] * n


@pytest.mark.parametrize("last", [None, "", "null"])
@pytest.mark.parametrize("n", [1, 2])
def test_a_stream_that_tells_no_end_is_whole_with_its_usage_and_its_closing_word(n, last):
    parts = [chunk(*(piece(part, i, last) for i in range(n))) for part in ("fo", "ur")]
    whole = reply(put(n, *parts, chunk(usage=USAGE), "[DONE]"), n)
    assert [(c.text, c.finish_reason) for c in whole.choices] == [("four", None)] * n
    with pytest.raises(BrokenStream, match="finish_reason"):
        put(n, *parts, "[DONE]")
    with pytest.raises(BrokenStream):
        put(n, chunk(usage=USAGE), *parts, "[DONE]")


@pytest.mark.parametrize("nothing", ["", " ", "ping", "[PING]", "keep-alive"])
@pytest.mark.parametrize(
    "stream", [ChatStream(1), MessagesStream(), ResponsesStream()], ids=["chat", "messages", "responses"]
)
def test_what_keeps_a_connection_alive_is_no_event(stream, nothing):
    stream.take(nothing.encode())


@pytest.mark.parametrize(
    "error",
    ['[{"error": {"message": "it died"}}]', '{"object": "error", "message": "it died", "code": 500}'],
)
def test_errors_of_other_shapes_break_a_stream_too(error):
    with pytest.raises(BrokenStream, match="it died"):
        put(1, chunk(piece("a")), error)


@pytest.mark.parametrize(
    "end",
    [
        {"finish": "abort"},
        {"finish": "error"},
        {"finish": "Insufficient_System_Resource"},
        {"error": {"code": 502, "message": "upstream"}},
    ],
)
def test_a_choice_that_the_server_broke_off_is_marked(end):
    stream = put(
        2, chunk(piece("a", 0), piece("b", 1)), chunk(piece("", 0, "stop"), piece("", 1, **end)), "[DONE]"
    )
    assert [choice.broken_off for choice in reply(stream, 2).choices] == [False, True]


@pytest.mark.parametrize(
    "data",
    [
        (chunk(piece("a", finish="stop")),),
        (chunk(piece("a"), usage=USAGE),),
        (chunk(usage=USAGE),),
        (),
    ],
)
def test_without_its_closing_word_all_must_be_there(data):
    with pytest.raises(BrokenStream, match="ended early"):
        put(1, *data).end()


def test_with_all_there_the_closing_word_may_lack():
    stream = put(1, chunk(piece("a", finish="stop")), chunk(usage=USAGE))
    stream.end()
    assert texts(stream) == ["a"]


@pytest.mark.parametrize("data", ["{", "[]", "7", '"text"', "null"])
@pytest.mark.parametrize(
    "stream", [ChatStream(1), MessagesStream(), ResponsesStream()], ids=["chat", "messages", "responses"]
)
def test_garbage_breaks_a_stream(stream, data):
    """A hole in a text can't be seen later."""
    with pytest.raises(BrokenStream, match="not a JSON object"):
        stream.take(data.encode())


@pytest.mark.parametrize("error", [{"message": "it died"}, "it died", {"message": "it died", "code": 500}])
def test_an_error_breaks_a_stream_though_it_ends_well(error):
    with pytest.raises(BrokenStream, match="it died"):
        put(1, chunk(piece("a", finish="stop")), json.dumps({"error": error}), "[DONE]")


def test_what_is_kept_is_bounded_though_each_event_is_small(monkeypatch):
    monkeypatch.setattr("providers.transport.reply_size.LARGEST_REPLY", 10_000)
    stream = Streamed(ask(max_tokens=1), ChatStream(1))
    with pytest.raises(TooLarge):
        feed(stream, [chunk(piece("x" * 100))] * 110)
    feed(Streamed(ask(max_tokens=1), ChatStream(1)), [chunk(piece("x" * 100))] * 90)


def test_choices_without_end_are_bounded_too(monkeypatch):
    monkeypatch.setattr("providers.transport.reply_size.LARGEST_REPLY", 10_000)
    stream = Streamed(ask(max_tokens=1), ChatStream(1))
    with pytest.raises(TooLarge):
        feed(stream, [chunk(piece("", index, "stop")) for index in range(1000)])


# ---- the other two


def message(**usage: Any) -> str:
    return json.dumps(
        {"type": "message_start", "message": {"id": "m", "content": [], "usage": usage, "stop_reason": None}}
    )


def test_a_message_without_its_final_count_has_no_usage():
    """message_start only counts the first tokens: to settle by it would be to settle too little."""
    stream = MessagesStream()
    stream.take(message(input_tokens=3, output_tokens=1).encode())
    stream.take(b'{"type": "message_delta", "delta": {"stop_reason": "end_turn"}}')
    stream.take(b'{"type": "message_stop"}')
    assert stream.whole
    assert stream.body()["usage"] is None
    assert stream.begun()["usage"] == {"input_tokens": 3, "output_tokens": 1}


@pytest.mark.parametrize(
    "data",
    [
        ['{"type": "message_stop"}'],
        [message(), '{"type": "message_stop"}'],
        [
            message(),
            '{"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "a"}}',
        ],
    ],
)
def test_a_message_with_a_part_missing_is_broken(data):
    stream = MessagesStream()
    *first, last = data
    for one in first:
        stream.take(one.encode())
    with pytest.raises(BrokenStream):
        stream.take(last.encode())


def test_events_that_nobody_knows_yet_are_left_alone():
    for stream in (MessagesStream(), ResponsesStream()):
        stream.take(message().encode())
        stream.take(b'{"type": "something.new", "index": 9, "delta": {"type": "a"}}')
        assert not stream.whole


@pytest.mark.parametrize(
    ("headers", "is_one"),
    [
        ({"Content-Type": "text/event-stream"}, True),
        ({"content-type": "Text/Event-Stream; charset=utf-8"}, True),
        ({"Content-Type": "application/json"}, False),
        ({}, False),
    ],
)
def test_what_is_an_event_stream(headers, is_one):
    assert is_event_stream(headers) == is_one
