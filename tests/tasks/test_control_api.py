"""Every route of the control API over a real Unix socket, and what the fast door does not do."""

from __future__ import annotations

import asyncio
import json
import stat
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from deployments.ports import free_port
from tests.exchanges.simulator.still_market import set_btc
from tests.tasks.executors import Served, executor_here, served_venues


@dataclass(slots=True)
class Api:
    served: Served
    session: aiohttp.ClientSession
    fast_door: str

    async def ask(self, method: str, path: str, body: object = None) -> tuple[int, Any]:
        data = body if isinstance(body, bytes) else None if body is None else json.dumps(body)
        async with self.session.request(method, f"http://executor{path}", data=data) as response:
            return response.status, await response.json(content_type=None)

    def signal(self, **fields: Any) -> dict[str, Any]:
        return self.served.signal(**fields).model_dump(mode="json")


@pytest_asyncio.fixture
async def api(tmp_path: Path) -> AsyncIterator[Api]:
    # Clients of this machine take their ports at 127.0.0.1, so that none can take this one.
    fast_door = f"127.0.0.9:{free_port(0, '127.0.0.9')}"
    async with served_venues(tmp_path, fast_door=fast_door) as served:
        connector = aiohttp.UnixConnector(str(served.settings.socket_file))
        async with (
            executor_here(served.settings),
            aiohttp.ClientSession(connector=connector) as session,
        ):
            yield Api(served, session, fast_door)


async def test_a_pair_lives_and_ends_over_the_api(api: Api) -> None:
    status, checked = await api.ask("POST", "/v1/check", api.signal(action="ENTER", quantity="1"))
    assert (status, checked["would_trade"]) == (200, False)
    assert [reason["code"] for reason in checked["reasons"]] == ["over_pair_limit"]

    entry = api.signal(action="ENTER", quantity="0.010")
    status, opened = await api.ask("POST", "/v1/signals?door=prefect", entry)
    assert (status, opened["status"]) == (200, "hedged")
    pair_id = opened["pair_id"]

    status, pair = await api.ask("GET", f"/v1/pairs/{pair_id}")
    assert (status, pair["state"]) == (200, "hedged")
    assert pair["now"]["net_krw"].startswith("-")
    status, pairs = await api.ask("GET", "/v1/pairs?open=1")
    assert [item["pair_id"] for item in pairs] == [pair_id]

    leave = api.signal(action="EXIT", pair_id=pair_id)
    status, held = await api.ask("POST", f"/v1/pairs/{pair_id}/close", leave)
    assert (status, held["status"]) == (200, "held")
    status, [decision] = await api.ask("POST", "/v1/exits/validate")
    assert (status, decision["decision"]) == (200, "hold")

    set_btc(api.served.simulation.market, "62000000", "62010000")
    async with asyncio.timeout(30):
        while decision["decision"] == "hold":  # until the desk has heard of the price
            await asyncio.sleep(0.02)
            status, [decision] = await api.ask("POST", "/v1/exits/validate")
    assert (status, decision["decision"]) == (200, "close")
    assert decision["outcome"]["status"] == "closed"
    assert (await api.ask("GET", "/v1/pairs?open=1"))[1] == []
    assert len((await api.ask("GET", "/v1/pairs"))[1]) == 1
    async with api.session.get("http://executor/metrics") as response:
        text = await response.text()
    for began_with in ("opened", "exit_started"):
        assert f'kimp_exposure_krw_seconds_count{{began_with="{began_with}"}} 1.0' in text


async def test_state_health_and_metrics(api: Api) -> None:
    assert await api.ask("GET", "/healthz") == (200, {"ok": True})
    status, state = await api.ask("GET", "/v1/state")
    assert status == 200
    assert state["accepting_entries"] is True
    assert state["blocks"] == []
    assert state["switches"]["entry/live"] is False
    assert state["venues"]["upbit"]["circuit"] == "closed"
    assert state["rates"]["krw_per_usd"] == "1150"
    assert state["premium"]["BTC"]["quantity"] == "0.001"
    assert state["capital"]["day_result_krw"] == "0"
    status, health = await api.ask("GET", "/v1/health")
    assert (status, health["ok"]) == (200, True)
    async with api.session.get("http://executor/metrics") as response:
        text = await response.text()
    assert "kimp_accepting_entries 1.0" in text
    assert "kimp_epoch 1.0" in text


async def test_recover_reconcile_rates_kill_and_resume(api: Api) -> None:
    assert await api.ask("POST", "/v1/recover", {"pair_id": None}) == (200, [])
    status, record = await api.ask("POST", "/v1/reconcile")
    assert (status, record["agreed"]) == (200, True)
    status, rates = await api.ask("POST", "/v1/rates/refresh")
    assert (status, rates["krw_per_usdt"]) == (200, "1150")
    status, killed = await api.ask("POST", "/v1/kill", {"reason": "drill", "liquidate": False})
    nothing: dict[str, list[str]] = {"cancelled": [], "not_cancelled": [], "outcomes": []}
    assert (status, killed) == (200, {"killed": True, **nothing})
    assert (await api.ask("GET", "/v1/state"))[1]["killed"] == "drill"
    status, resumed = await api.ask("POST", "/v1/resume", {"reason": "over"})
    assert (status, resumed) == (200, {"resumed": True, "reasons": []})


async def test_a_stop_holds_at_once_stands_at_both_doors_and_ends_with_a_resume(api: Api) -> None:
    assert await api.ask("POST", "/v1/stop", {"reason": "lunch"}) == (200, {"in_prefect": True})

    state = (await api.ask("GET", "/v1/state"))[1]
    entry = api.signal(action="ENTER", quantity="0.010")
    refused = (await api.ask("POST", "/v1/signals?door=fast", entry))[1]
    resumed = await api.ask("POST", "/v1/resume", {"reason": "back"})

    told = [
        (it["switch"], it["reason"], it["sentence"], it["known_to_prefect"])
        for it in state["stops"]
    ]
    assert told == [
        (name, "MANUAL_STOP", "lunch", True) for name in ("entry/live", "signal-intake/live")
    ]
    assert state["killed"] is None
    assert refused["status"] == "denied"
    assert "MANUAL_STOP: lunch" in refused["reason"]
    assert resumed == (200, {"resumed": True, "reasons": []})
    assert (await api.ask("GET", "/v1/state"))[1]["stops"] == []


async def test_a_reset_names_who_answers_for_it(api: Api) -> None:
    fields = {"by": "Min-ji", "reason": "told by telephone"}

    nothing = await api.ask("POST", "/v1/reset", fields)
    await api.ask("POST", "/v1/kill", {"reason": "drill"})
    nobody = await api.ask("POST", "/v1/reset", {"reason": "told by telephone"})
    lifted = await api.ask("POST", "/v1/reset", fields)

    assert nothing[0] == 409
    assert nobody[0] == 400
    assert lifted == (200, {"lifted": ["killed: drill"]})


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "says"),
    [
        ("POST", "/v1/signals", b"{", 400, "JSON"),
        ("POST", "/v1/signals", {"id": "x"}, 400, "expected"),
        ("POST", "/v1/signals?door=back", {"id": "x"}, 400, "door: expected one of"),
        ("POST", "/v1/signals", b"x" * 70_000, 413, "Too Large"),
        ("POST", "/v1/check", [], 400, "expected"),
        ("GET", "/v1/pairs/p000000000000", None, 404, "no pair 'p000000000000'"),
        ("GET", "/v1/pairs/a%0Ab", None, 404, "no pair"),
        ("POST", "/v1/recover", {"pair_id": "p000000000000"}, 409, "expected a known pair"),
        ("POST", "/v1/recover", {"pair_id": 3}, 400, "pair_id: expected"),
        ("POST", "/v1/recover", [], 400, "body: expected a JSON object"),
        ("POST", "/v1/recover", b"\xff", 400, "body: expected JSON"),
        ("POST", "/v1/stop", {}, 400, "reason: expected a sentence"),
        ("POST", "/v1/kill", {}, 400, "reason: expected a sentence"),
        ("POST", "/v1/kill", {"reason": "x", "liquidate": "yes"}, 400, "liquidate: expected"),
        ("POST", "/v1/resume", {"reason": " "}, 400, "reason: expected a sentence"),
        ("GET", "/v1/nothing", None, 404, "Not Found"),
        ("GET", "/v1/signals", None, 405, "Method Not Allowed"),
    ],
)
async def test_what_is_not_understood_gets_one_sentence(
    api: Api, method: str, path: str, body: object, status: int, says: str
) -> None:
    answered, answer = await api.ask(method, path, body)

    assert answered == status
    assert list(answer) == ["error"]
    assert says in answer["error"]
    assert "\n" not in answer["error"]


async def test_close_wants_an_exit_of_that_pair(api: Api) -> None:
    entry = api.signal(action="ENTER", quantity="0.010")
    other = api.signal(action="EXIT", pair_id="p111111111111")
    for body in (entry, other):
        status, answer = await api.ask("POST", "/v1/pairs/p000000000000/close", body)
        assert status == 400
        assert answer["error"] == "expected an EXIT signal with pair_id p000000000000"


async def test_only_the_owner_may_use_the_socket(api: Api) -> None:
    mode = api.served.settings.socket_file.stat().st_mode
    assert stat.S_ISSOCK(mode)
    assert stat.S_IMODE(mode) == 0o600


async def test_the_fast_door_takes_signals_and_nothing_else(api: Api) -> None:
    async with aiohttp.ClientSession(f"http://{api.fast_door}") as outside:
        for path in ("/v1/state", "/v1/pairs", "/metrics", "/v1/health"):
            async with outside.get(path) as response:
                assert response.status == 404
        for path in ("/v1/kill", "/v1/resume", "/v1/recover", "/v1/check"):
            async with outside.post(path, json={"reason": "x"}) as response:
                assert response.status == 404
        # The door cannot be chosen from outside.
        entry = api.signal(action="ENTER", quantity="0.010")
        async with outside.post("/v1/signals?door=operator", json=entry) as response:
            assert (await response.json())["status"] == "hedged"
        async with outside.get("/healthz") as response:
            assert response.status == 200
    async with api.session.get("http://executor/metrics") as response:
        assert 'kimp_signals_total{door="fast",status="hedged"} 1.0' in await response.text()
