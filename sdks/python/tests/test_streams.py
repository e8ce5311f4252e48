"""Streams outlast their connections; lists go on over their pages. By both clients."""

import pytest
from support import Fake, breaks, gathered, refused, stream

from sautikit import ApiError, ConnectionError, RequestOptions, SautikitError, _transport

OVER = (204, "", {})


def event(id, kind="call.ringing", data="{}"):
    return f"id: {id}\nevent: {kind}\ndata: {data}\n\n"


def places(fake):
    return [request["headers"]["Last-Event-ID"] for request in fake.requests]


def followed(by, fake, **settings):
    return by(fake.url, lambda client: gathered(client.calls.stream("c")), **settings)


def test_a_stream_that_ends_goes_on_where_it_ended_until_the_call_is_over(by):
    with Fake(stream(event(1), event(2)), stream(": still here\n\n"), stream(event(3)), OVER) as fake:
        assert [told.id for told in followed(by, fake, max_retries=0)] == ["1", "2", "3"]
        assert places(fake) == [None, "2", "2", "3"]


def test_an_id_without_data_says_where_to_go_on(by):
    with Fake(stream("id: 7\n\n"), stream(event(8)), OVER) as fake:
        assert [told.id for told in followed(by, fake)] == ["8"]
        assert places(fake) == [None, "7", "8"]


def test_a_stream_that_breaks_is_taken_up_again_and_what_was_cut_off_comes_once(by):
    cut = stream(event(1), "id: 2\ndata: ha", then=breaks)
    with Fake(cut, refused(503, "service.draining"), stream(event(2), then=breaks), "close", stream(event(3)), OVER) as fake:
        assert [told.id for told in followed(by, fake)] == ["1", "2", "3"]
        assert places(fake) == [None, "1", "1", "2", "2", "3"]


@pytest.mark.parametrize("answer", ["close", stream(), stream(then=breaks)], ids=["lost", "empty", "broken"])
def test_who_gets_nothing_time_and_again_is_told(by, answer):
    with Fake(stream(event(1)), answer) as fake:
        with pytest.raises(ConnectionError):
            followed(by, fake)
        assert places(fake) == [None, "1", "1", "1"]


def test_a_refusal_ends_a_stream(by):
    with Fake(stream(event(1)), refused(401, "api_key.revoked")) as fake:
        with pytest.raises(ApiError):
            followed(by, fake)
        assert len(fake.requests) == 2


def test_a_page_of_something_in_between_is_no_stream(by):
    with Fake((200, "<html>\n\n</html>", {"Content-Type": "text/html"})) as fake:
        with pytest.raises(SautikitError, match="no stream"):
            followed(by, fake)
        assert len(fake.requests) == 1


def test_a_reader_who_was_dropped_goes_on_from_where_it_was(by):
    dropped = 'event: dropped\ndata: {"reason": "too_slow", "last_event_id": 5}\n\n'
    with Fake(stream(event(9), dropped), stream(event(6)), OVER) as fake:
        assert [told.id for told in followed(by, fake)] == ["9", "6"]
        assert places(fake) == [None, "5", "6"]


def test_a_stream_that_falls_silent_is_lost(by, monkeypatch):
    monkeypatch.setattr(_transport, "IDLE_S", 0.2)
    with Fake(stream(event(1), then=lambda _: fake.over.wait()), stream(event(2)), OVER) as fake:
        assert [told.id for told in followed(by, fake)] == ["1", "2"]
        assert places(fake) == [None, "1", "2"]


def test_only_line_ends_end_a_line(by):
    text = "a\u2028b\u0085c\x0bd"
    with Fake(stream(f"id: 1\r\nevent: e\r\ndata: {text}\r\ndata: more\r\n\r\n"), OVER) as fake:
        assert [told.data for told in followed(by, fake)] == [f"{text}\nmore"]


@pytest.mark.parametrize("seen", [5, "5"])
def test_a_stream_begins_after_an_id_as_events_or_timelines_have_it(by, seen):
    with Fake("close", stream(event(6)), OVER) as fake:
        assert len(by(fake.url, lambda client: gathered(client.calls.stream("c", last_event_id=seen)))) == 1
        assert places(fake) == ["5", "5", "6"]


def pages():
    return [(200, [{"id": str(page)}], {"X-Next-Cursor": f"after {page}"} if page < 3 else {}) for page in (1, 2, 3)]


def test_a_list_goes_on_over_all_pages(by):
    with Fake(*pages()) as fake:
        assert [call.id for call in by(fake.url, lambda client: gathered(client.calls.list(status="completed")))] == ["1", "2", "3"]
        assert [request["path"] for request in fake.requests] == ["/v1/calls?status=completed"] + [f"/v1/calls?status=completed&cursor=after+{page}" for page in (1, 2)]


def test_a_page_leads_to_all_later_ones(by):
    with Fake(*pages(), *pages()[1:]) as fake:

        def ask(client):
            page = client.calls.list()
            if not hasattr(page, "__aiter__"):
                return [row.id for row in page], [following.data[0].id for following in page.pages()]

            async def asked():
                first = await page
                assert not hasattr(first, "__iter__")
                return [row.id async for row in first], [following.data[0].id async for following in first.pages()]

            return asked()

        rows, heads = by(fake.url, ask)
        assert rows == ["1", "2", "3"]
        assert heads == ["1", "2", "3"]


def test_pages_are_asked_for_one_by_one(by):
    with Fake(*pages()) as fake:

        def ask(client):
            first = client.calls.list(options=RequestOptions(max_retries=0))
            if not hasattr(first, "__aiter__"):
                second = first.next_page()
                third = second.next_page()
                return [first, second, third, third.next_page()]

            async def asked():
                page = await first
                second = await page.next_page()
                third = await second.next_page()
                return [page, second, third, await third.next_page()]

            return asked()

        *shown, after = by(fake.url, ask)
        assert [page.data[0].id for page in shown] == ["1", "2", "3"]
        assert shown[0].next_cursor == "after 1" and shown[2].next_cursor is None
        assert after is None


def test_a_byte_order_mark_before_a_stream_is_no_part_of_it(by):
    with Fake(stream("\ufeff" + event(1)), stream("\ufeff" + event(2)), OVER) as fake:
        assert [told.id for told in followed(by, fake)] == ["1", "2"]
        assert places(fake) == [None, "1", "2"]


def test_an_id_that_no_header_carries_is_not_where_to_go_on(by):
    with Fake(stream(event(1) + "id: é\ndata: {}\n\nid: \x00\ndata: {}\n\n"), OVER) as fake:
        assert len(followed(by, fake)) == 3
        assert places(fake) == [None, "1"]


def test_a_line_that_never_ends_is_given_up(by):
    with Fake(stream("data: " + "a" * 2_000_000)) as fake:
        with pytest.raises(SautikitError, match="too long"):
            followed(by, fake)
