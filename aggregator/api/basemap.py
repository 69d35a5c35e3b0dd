"""The map's tiles where they lie on this machine: one file, handed out in pieces (RFC 9110, section 14)."""

from fastapi import FastAPI, HTTPException
from starlette.responses import FileResponse, Response

from aggregator.api.parts import Parts
from aggregator.api.problems import documented
from aggregator.config_page import ARCHIVE_URL

_TYPE = "application/vnd.pmtiles"
_KEPT = {"Cache-Control": "private, max-age=3600"}
"""The page asks for the same pieces again and again, and sees by their ETag that the file is another."""


def install(app: FastAPI, parts: Parts) -> None:
    @app.get(
        ARCHIVE_URL,
        response_class=Response,
        responses={
            200: {"content": {_TYPE: {}}},
            206: {"description": "The bytes asked for (Range).", "content": {_TYPE: {}}},
            400: {"description": "An unreadable Range.", "content": {"text/plain": {}}},
            416: {"description": "No such bytes.", "content": {"text/plain": {}}},
            **documented(401, 403, 404),
        },
    )
    def archive() -> Response:
        if parts.archive is None or not parts.archive.is_file():
            raise HTTPException(404, "no archive of tiles here: map.pmtiles names none, or it is gone")
        return FileResponse(parts.archive, media_type=_TYPE, headers=_KEPT)
