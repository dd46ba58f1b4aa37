"""aiogram's models, each built when it is first used.

aiogram has pydantic build the validators of its some 440 types while it is imported: two seconds and a hundred
megabytes, for a bot that uses a tenth of them. `import_aiogram`, called before anything else imports it, puts that off;
what is built then is what would have been built. `warm_up` builds what every conversation uses, so that nobody waits.
"""

import sys
from typing import Any

from pydantic import BaseModel


def import_aiogram() -> None:
    """Import aiogram without building its models; does nothing where it is imported already."""
    if "aiogram" in sys.modules:
        return
    names: dict[str, Any] = {}  # by which the types speak of each other
    rebuild = BaseModel.__dict__["model_rebuild"]

    def note_names(_: type[BaseModel], *, _types_namespace: dict[str, Any]) -> None:
        names.update(_types_namespace)

    def build(model: type[BaseModel], /, *, _types_namespace: dict[str, Any] | None = None, **given: Any) -> Any:
        return rebuild.__func__(model, **given, _types_namespace=_types_namespace or names)

    BaseModel.model_rebuild = classmethod(note_names)  # type: ignore[method-assign,assignment]
    BaseModel.model_config["defer_build"] = True
    try:
        import aiogram.methods
        import aiogram.types
    finally:
        del BaseModel.model_config["defer_build"]
        BaseModel.model_rebuild = rebuild  # type: ignore[method-assign]
    for base in (aiogram.types.TelegramObject, aiogram.methods.TelegramMethod, aiogram.methods.Response):
        base.model_rebuild = classmethod(build)  # type: ignore[method-assign,assignment]


def warm_up() -> None:
    """Build the models of every conversation."""
    from aiogram import methods, types

    for model in (
        types.Message,  # before what holds one
        types.CallbackQuery,
        types.InlineKeyboardMarkup,
        types.Update,
        methods.AnswerCallbackQuery,
        methods.DeleteMessage,
        methods.EditMessageText,
        methods.GetUpdates,
        methods.SendChatAction,
        methods.SendMessage,
        methods.Response[bool],
        methods.Response[types.Message],
    ):
        model.model_rebuild()
