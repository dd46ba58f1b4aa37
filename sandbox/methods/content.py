"""What a message of the bot may hold: text, caption, photo, document; checked as Telegram checks it."""

from sandbox.entities import formatted, utf16_length
from sandbox.files import StoredFile, Upload
from sandbox.methods.call import Call
from sandbox.methods.reach import Reach
from sandbox.refusal import bad_request
from sandbox.state import Json

TEXT_LENGTH = 4096
CAPTION_LENGTH = 1024
CONTENT = {"text", "photo", "document", "contact", "voice", "sticker"}
CAPTION = {"caption", "caption_entities", "show_caption_above_media", "has_media_spoiler"}


class Content(Reach):
    """Turns the fields of a call into the fields of a message."""

    def _text(self, call: Call) -> Json:
        text, entities = self._formatted(call["text"], call, "entities")
        if not text:
            raise bad_request("message text is empty")
        if utf16_length(text) > TEXT_LENGTH:
            raise bad_request("message is too long")
        content: Json = {"text": text}
        if entities:
            content["entities"] = entities
        if options := call.get("link_preview_options"):
            content["link_preview_options"] = options
        return content

    def _caption(self, call: Call | Json) -> Json:
        text, entities = self._formatted(call.get("caption") or "", call, "caption_entities")
        if utf16_length(text) > CAPTION_LENGTH:
            raise bad_request("message caption is too long")
        content: Json = {"caption": text} if text else {}
        if entities:
            content["caption_entities"] = entities
        if text and call.get("show_caption_above_media"):
            content["show_caption_above_media"] = True
        if call.get("has_spoiler"):
            content["has_media_spoiler"] = True
        return content

    def _formatted(self, text: str, call: Call | Json, given: str) -> tuple[str, list[Json]]:
        text, entities = formatted(text, call.get("parse_mode"), call.get(given))
        known = []
        for entity in entities:
            if entity["type"] == "text_mention":
                account = self._telegram.accounts.get(entity["user"]["id"])
                if account is None:
                    continue
                entity = {**entity, "user": account.user}  # noqa: PLW2901
            known.append(entity)
        return text, known

    def _file(self, call: Call, reference: str | None, field: str) -> StoredFile | Upload:
        """Return what a field names: a part of the request, attach://part, or a file_id."""
        if reference is None:
            if field not in call.uploads:
                raise bad_request(f"there is no {field} in the request")
            return call.uploads[field]
        if reference.startswith("attach://"):
            upload = call.uploads.get(reference.removeprefix("attach://"))
            if upload is None:
                raise bad_request(f"there is no {field} in the request")
            return upload
        stored = self._telegram.files.get(reference)
        if stored is None:
            raise bad_request("wrong file identifier/HTTP URL specified")
        return stored

    def _photo(self, file: StoredFile | Upload) -> Json:
        if isinstance(file, Upload):
            file = self._telegram.files.keep_photo(file)
        if not file.is_photo:
            raise bad_request("can't use file of type Document as Photo")
        return file.content()

    def _document(self, file: StoredFile | Upload) -> Json:
        if isinstance(file, Upload):
            file = self._telegram.files.keep_document(file)
        if file.is_photo:
            raise bad_request("can't use file of type Photo as Document")
        return file.content()

    def _media(self, call: Call, media: Json) -> Json:
        kind = media["type"]
        if kind not in {"photo", "document"}:
            raise bad_request(f"media of type {kind} is not in this sandbox")
        file = self._file(call, media["media"], kind)
        content = self._photo(file) if kind == "photo" else self._document(file)
        return content | self._caption(media)


def forwarded(message: Json) -> Json:
    """Return the content of a message as its forward carries it: with its origin, without callback buttons."""
    content = {name: value for name, value in message.items() if name in CONTENT | CAPTION | {"entities"}}
    markup = message.get("reply_markup")
    if markup and all("url" in button for row in markup["inline_keyboard"] for button in row):
        content["reply_markup"] = markup
    origin = message.get("forward_origin")
    if origin is None:
        origin = {"type": "user", "date": message["date"], "sender_user": message["from"]}
        if "sender_chat" in message:
            origin = {"type": "chat", "date": message["date"], "sender_chat": message["sender_chat"]}
    return {**content, "forward_origin": origin}
