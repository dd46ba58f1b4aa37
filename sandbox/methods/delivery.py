"""Methods by which updates come: polling, and the webhook."""

import re
from urllib.parse import urlsplit

from sandbox.methods.call import Call, Handler, RawJson
from sandbox.refusal import bad_request
from sandbox.state import Json, Telegram
from sandbox.updates import Webhook


class Delivery:
    """How the bot takes its updates."""

    def __init__(self, telegram: Telegram) -> None:
        """Act on this state."""
        self._telegram = telegram

    def handlers(self) -> dict[str, Handler]:
        """Return what answers each method."""
        return {
            "getUpdates": self._get_updates,
            "setWebhook": self._set_webhook,
            "deleteWebhook": self._delete_webhook,
            "getWebhookInfo": self._get_webhook_info,
        }

    async def _get_updates(self, call: Call) -> RawJson:
        queue = self._telegram.updates
        if (allowed := call.get("allowed_updates")) is not None:
            queue.allowed = allowed
        limit = min(max(call.get("limit", 100), 1), 100)
        timeout = min(max(call.get("timeout", 0), 0), 50)
        texts = await queue.poll(call.get("offset", 0), limit, timeout)
        return RawJson("[" + ",".join(texts) + "]")

    async def _set_webhook(self, call: Call) -> bool:
        url = call.get("url", "")
        parts = urlsplit(url)
        if url and not (parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(parts.hostname))):
            raise bad_request("bad webhook: An HTTPS URL must be provided for webhook")
        secret = call.get("secret_token")
        if secret and not re.fullmatch(r"[A-Za-z0-9_-]{1,256}", secret):
            raise bad_request("secret token contains unallowed characters")
        queue = self._telegram.updates
        if call.get("drop_pending_updates"):
            queue.drop()
        if (allowed := call.get("allowed_updates")) is not None:
            queue.allowed = allowed
        connections = min(max(call.get("max_connections", 40), 1), 100)
        await queue.set_webhook(Webhook(url, secret, connections) if url else None)
        return True

    async def _delete_webhook(self, call: Call) -> bool:
        if call.get("drop_pending_updates"):
            self._telegram.updates.drop()
        await self._telegram.updates.set_webhook(None)
        return True

    def _get_webhook_info(self, _: Call) -> Json:
        queue = self._telegram.updates
        webhook = queue.webhook
        info: Json = {"url": "", "has_custom_certificate": False, "pending_update_count": queue.count()}
        if webhook is not None:
            info |= {"url": webhook.url, "max_connections": webhook.max_connections}
            if webhook.last_error_at is not None:
                info |= {"last_error_date": webhook.last_error_at, "last_error_message": webhook.last_error}
        if queue.allowed:
            info["allowed_updates"] = queue.allowed
        return info


def _is_loopback(host: str | None) -> bool:
    return host in {"localhost", "127.0.0.1", "::1"}
