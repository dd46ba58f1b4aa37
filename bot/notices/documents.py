"""What a student is told of documents."""

from collections.abc import Mapping

from bot.notices.telling import Notice, Telling
from bot.screen import Screen
from bot.screens import documents
from bot.screens.requests import documents as request_documents
from bot.screens.requests.own import takes_documents
from services.requests.documents import LOST_DOCUMENT, Loss
from services.requests.telling import (
    REQUEST_DOCUMENTS,
)
from services.standing import study_of


async def _request_documents(telling: Telling) -> Screen | None:
    """Say how many documents a request has now, or ask which request those that wait are for."""
    storage, texts, number = telling.storage, telling.texts, telling.content["request"]
    student_id = telling.content.get("student") or telling.person_id or ""
    account = await storage.accounts.of_person(student_id)
    if account is None or telling.content.get("chat", account.user_id) != account.user_id:
        return None  # it is somebody else's chat now
    if number is not None:
        request = await storage.requests.by_id(number)
        there = await storage.requests.documents_of(number)
        return request_documents.with_documents(texts, request, len(there)) if request else None
    student = await storage.students.by_id(student_id)
    draft = await storage.drafts.of(account.user_id, account.user_id)
    files = draft.content.get("files") if draft else None
    if student is None or not files:
        return None
    study = await study_of(storage, student=student, now=telling.now, profile=telling.profile)
    those = [each for each in study.requests if takes_documents(each, telling.now)]
    return request_documents.which_request(texts, study, those, len(files)) if those else None


async def _lost_document(telling: Telling) -> Screen:
    content = telling.content
    return documents.lost(telling.texts, content["request"], content["file_name"], Loss(content["why"]))


NOTICES: Mapping[str, Notice] = {
    REQUEST_DOCUMENTS: _request_documents,
    LOST_DOCUMENT: _lost_document,
}
