"""The Bot API over HTTP: what a request holds, whose token it carries, what goes wrong on purpose, the answer."""

import json
from contextlib import suppress
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import web
from aiohttp.web_request import FileField

from sandbox.files import Upload
from sandbox.methods import BotMethods, RawJson
from sandbox.refusal import ApiRefusal, bad_request
from sandbox.schema import Method, method_named
from sandbox.state import Telegram
from sandbox.trouble import Fault, too_many_requests

UNAUTHORIZED = ApiRefusal(401, "Unauthorized")
NOT_FOUND = ApiRefusal(404, "Not Found")
REFUSING: dict[Fault | None, ApiRefusal] = {"5xx": ApiRefusal(502, "Bad Gateway"), "429": too_many_requests(1)}


class BotApi:
    """The routes of the Bot API."""

    def __init__(self, telegram: Telegram) -> None:
        """Serve this state."""
        self._telegram = telegram
        self._methods = BotMethods(telegram)

    def add_routes(self, router: web.UrlDispatcher) -> None:
        """Add `/bot<token>/<method>` and `/file/bot<token>/<path>`."""
        router.add_route("*", "/bot{token:[^/]+}/{method:[^/]+}", self._call)
        router.add_get("/file/bot{token:[^/]+}/{path:.+}", self._fetch)

    async def _call(self, request: web.Request) -> web.StreamResponse:
        telegram = self._telegram
        method = method_named(request.match_info["method"])
        name = method.name if method is not None else "unknown"
        telegram.calls[name] += 1
        fault = telegram.trouble.draw(name)
        if fault == "drop_before":
            return _drop(request)
        answer = await self._answer(request, method, fault)
        if fault == "drop_after":
            return _drop(request)
        return answer

    async def _answer(self, request: web.Request, method: Method | None, fault: Fault | None) -> web.Response:
        try:
            if request.match_info["token"] != self._telegram.token:
                return self._refuse(UNAUTHORIZED)
            if method is None:
                return self._refuse(NOT_FOUND)
            fields, uploads = await _read(request)
            if fault in REFUSING:
                return self._refuse(REFUSING[fault])
            result = await self._methods.perform(method, fields, uploads)
        except ApiRefusal as refusal:
            return self._refuse(refusal)
        except web.HTTPRequestEntityTooLarge:
            return self._refuse(ApiRefusal(413, "Request Entity Too Large"))
        text = result if isinstance(result, RawJson) else _json(result)
        return web.Response(text=f'{{"ok":true,"result":{text}}}', content_type="application/json")

    async def _fetch(self, request: web.Request) -> web.StreamResponse:
        if request.match_info["token"] != self._telegram.token:
            return self._refuse(UNAUTHORIZED)
        now = self._telegram.clock.timestamp()
        stored = self._telegram.files.linked(request.match_info["path"], now)
        if stored is None:
            return self._refuse(NOT_FOUND)
        return web.FileResponse(stored.path, headers={"Content-Type": "application/octet-stream"})

    def _refuse(self, refusal: ApiRefusal) -> web.Response:
        self._telegram.errors[refusal.code] += 1
        body: dict[str, Any] = {"ok": False, "error_code": refusal.code, "description": refusal.description}
        if refusal.parameters:
            body["parameters"] = refusal.parameters
        return web.Response(text=_json(body), status=refusal.code, content_type="application/json")


async def _read(request: web.Request) -> tuple[dict[str, Any], dict[str, Upload]]:
    """Return fields and file parts: of the query, a form, a multipart form or JSON, as the Bot API takes them."""
    fields: dict[str, Any] = dict(request.query) if request.query_string else {}
    uploads: dict[str, Upload] = {}
    if request.method == "GET":
        return fields, uploads
    match request.content_type:
        case "application/json":
            body = await request.read()
            try:
                given = json.loads(body or b"{}")
            except ValueError:
                raise bad_request("can't parse request JSON object") from None
            if not isinstance(given, dict):
                raise bad_request("can't parse request JSON object")
            fields |= {name: value for name, value in given.items() if value is not None}
        case "multipart/form-data":
            try:
                form = await request.post()
            except ValueError:
                raise bad_request("can't parse multipart form data") from None
            for name, part in form.items():
                if isinstance(part, FileField):
                    with part.file as file:
                        uploads[name] = Upload(file.read(), part.filename, part.content_type)
                else:
                    fields[name] = part
        case _:
            try:
                fields |= parse_qsl((await request.read()).decode(), keep_blank_values=True)
            except UnicodeDecodeError:
                raise bad_request("strings must be encoded in UTF-8") from None
    return fields, uploads


def _json(result: Any) -> str:
    return json.dumps(result, ensure_ascii=False, separators=(",", ":"))


def _drop(request: web.Request) -> web.Response:
    """Cut the connection: whoever asked hears nothing."""
    with suppress(AttributeError):
        request.transport.abort()  # type: ignore[union-attr]
    return web.Response()
