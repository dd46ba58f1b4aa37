"""What the page in the browser (and tests) may ask: be a person, look around, move the clock, make trouble.

All under ``/sandbox/api``, JSON in and out, UTF-8. Errors: ``{"ok": false, "error": "<plain English>"}`` with 400 (the
request makes no sense), 403 (foreign Host or Origin), 404 (no such file), 413 (too large). Instants are ISO 8601 with
an offset; dates inside messages are Bot API integers (Unix seconds by the sandbox's clock).

``GET /world`` ->
    ``{bot: {id, username, first_name, name: {lang: str}, description: {lang: str}, short_description: {lang: str},
    commands: {lang: [{command, description}]}}, people: [Person], groups: [Group], clock: Clock, zone: str}``.
    `lang` is "kk", "ru", ... or "" (the one without a language); commands are those of private chats.
    Person: ``{id, first_name, last_name|null, username|null, language_code|null, phone|null, note: {kk?, ru?},
    tag: "student"|"staff"|"officer"|"guest", start: str|null, started: bool, blocked: bool, deactivated: bool}``.
    Group: ``{id, title, type: "group"|"supergroup", is_forum, members: [id], admins: [id],
    bot: "administrator"|"member"|"restricted"|"left"|"kicked", topics: [{message_thread_id, name, closed}]}``.
    Clock: ``{now: ISO instant in `zone`, offset_seconds: number}``.

``GET /chats?as=<person id>`` -> ``{chats: [ChatCard]}``, newest first, the chat with the bot always among them.
    ChatCard: ``{id, type: "private"|"group"|"supergroup", title, is_forum, started, blocked, unread,
    last_message: Message|null}``. In the private chat with the bot, `id` is the person's own id, `title` the bot's name.

``GET /messages?as=&chat=[&before=<message_id>][&limit=50]`` -> oldest first; without `before` it also marks all as read:
    ``{messages: [Message], has_more: bool, reply_keyboard: ReplyKeyboardMarkup|null,
    force_reply: {message_id, input_field_placeholder|null}|null, pinned: Message|null,
    actions: [{action, until: Unix seconds by the sandbox's clock}], commands: [{command, description}] (for this person
    in this chat and language), menu_button: object, topics: [...], started: bool, blocked: bool}``. `limit` is at most 200.

Message: the Bot API's Message as the viewer sees it, plus ``outgoing: bool`` (the viewer wrote it) and, inside each
    PhotoSize and Document, ``file_url`` (``/sandbox/api/file/<file_id>``; documents come as downloads, photos inline).
    ``reply_markup`` is present only when it is an inline keyboard. Service messages carry ``new_chat_members``,
    ``left_chat_member``, ``pinned_message``, ``migrate_to_chat_id``, ``migrate_from_chat_id``, ``forum_topic_created``
    {name, icon_color}, ``forum_topic_closed``, ``forum_topic_reopened``, ``group_chat_created`` or
    ``new_chat_title``, and no text.

``GET /file/<file_id>`` -> the bytes.

``POST /act`` ``{as, chat, do, ...}`` -> ``{ok: true, ...}``. Forms of `do`:
    - ``send`` {text, reply_to?: message_id, thread?: message_thread_id, anonymous?: bool} -> {message}
    - ``start`` {payload?} -> {message}: sends "/start payload" in the private chat (and unblocks)
    - ``press`` {message_id, data, forged?: bool} -> {answer: {text, show_alert, url}|null}: waits up to 10 s for the
      bot's answer, null when none came; `data` must be on a button of that message unless `forged`
    - ``contact`` {of?: person id} or {phone_number, first_name} -> {message}: own contact, another's, or one of nobody here
    - ``upload``, as multipart/form-data: fields as, chat, do, caption?, as_photo? ("true"), reply_to?, thread?; one or more
      `file` parts (2-10 become an album) -> {messages: [Message]}. Photos: JPEG or PNG, 10 MB; documents 50 MB
    - ``edit`` {message_id, text} -> {message}: own text or caption
    - ``delete`` {message_id}: own message, for everybody
    - ``forward`` {from_chat, message_id} -> {message}: into `chat`; refused when the content is protected
    - ``read``: everything in the chat is read
    - ``block``, ``unblock``: the bot
    - ``delete_chat``: the private chat's history, for both sides
    - ``leave``: the group
``POST /acts`` ``[act, ...]`` -> ``{ok: true, results: [as /act]}``: many at once, in order; a press does not wait (answer null).

``POST /clock`` ``{to: ISO instant}`` or ``{advance: seconds}`` -> Clock. Forward only.

``GET /trouble``, ``POST /trouble`` -> the whole state of faults; a POST changes the fields it names:
    ``{pacing: bool, hold_updates: bool, methods: [name]|null, seed: int,
    fail_percent: {"5xx": n, "429": n, "drop_before": n, "drop_after": n}}``: `pacing` answers 429 beyond Telegram's
    published rates; `hold_updates` keeps updates from being delivered; faults strike that many percent of Bot API
    requests, before or after their effect, for the named methods (null: all), drawn from `seed`.

``POST /groups`` -> {group: Group}. Without `id` it makes one: ``{title, members?, admins?, type?, is_forum?, bot?}``. With `id` it
    changes one: ``{id, title?, members?, admins?, bot?, migrate?: true, is_forum?: true (migrates a plain group),
    open_topic?: name, close_topic?: thread, reopen_topic?: thread, delete_topic?: thread, by?: person id who does it}``.

``GET /stats`` -> ``{calls: {method: n}, errors: {"429": n, ...}, updates: {last_id, pending}}``, since the start.

``GET /events[?as=<person id>]`` -> Server-Sent Events, each ``data: {type, chat, ...}``; with `as` only of chats that person
    sees, with `outgoing` as for them. Without it `outgoing` is right in private chats and null in groups (compare
    ``message.from.id``). Types:
    ``message`` {chat, message}; ``edited`` {chat, message}; ``deleted`` {chat, message_ids};
    ``chat`` {chat} (keyboard, pin, title, members, block, topics, read state changed: ask /chats and /messages anew);
    ``action`` {chat, action, until}; ``answer`` {chat, person, text, show_alert, url} (as `press` returns it);
    ``clock`` {now, offset_seconds}; ``commands`` {} (commands, descriptions, menu button).
    Nothing is replayed: after a reconnect ask anew.

Only loopback names are served, and a request with a foreign Origin is refused: another site open in the same browser
can neither read nor act.
"""
