"""What people send who only mean to send something of the kind: a voice note and a sticker, as small as they can be."""

from base64 import b64decode

from sandbox.files import Upload

VOICE_SECONDS = 1
VOICE = Upload(
    b64decode(
        "T2dnUwACAAAAAAAAAAABAAAAAAAAAIRs2SQBE09wdXNIZWFkAQEAAIC7AAAAAABPZ2dTAAAAAAAAAAAAAAEAAAABAAAA940i+wEVT3B1c1RhZ3MF"
        "AAAAS2VuZXMAAAAAT2dnUwAEQL8AAAAAAAABAAAAAgAAALvfLocRAQEBAQEBAQEBAQEBAQEBAQEYGBgYGBgYGBgYGBgYGBgYGA=="
    ),
    "voice.ogg",
    "audio/ogg",
)
"""A second of silence: Opus in Ogg."""

STICKER_SIDE = 512
STICKER = Upload(
    b64decode("UklGRhoAAABXRUJQVlA4TA0AAAAvAAAAEAcQERGIiP4HAA=="),
    "sticker.webp",
    "image/webp",
)
"""A transparent WebP: the page shows the sticker's emoji instead."""
