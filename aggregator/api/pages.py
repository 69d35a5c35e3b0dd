"""The page's static files, built by aggregator/web; hashed names are cached for ever, the rest is asked for again."""

from mimetypes import guess_type
from pathlib import Path

from fastapi import FastAPI
from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from contract.texts import LANGUAGES, text

STATIC = Path(__file__).resolve().parent.parent / "static"


class _Page(StaticFiles):
    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await self._compressed(path, scope) or await super().get_response(path, scope)
        hashed = path.startswith("assets/") and response.status_code in (200, 304)
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable" if hashed else "no-cache"
        return response

    async def _compressed(self, path: str, scope: Scope) -> Response | None:
        """The build's own compressed copy beside the file, for who takes it: a fifth of the bytes on the way."""
        if not path.endswith((".js", ".css")) or "gzip" not in Headers(scope=scope).get("accept-encoding", ""):
            return None
        try:
            found = self.lookup_path(f"{path}.gz")[1]
        except (OSError, ValueError):  # a path that is no path: whoever serves the file itself says so
            return None
        if found is None:
            return None
        response = await super().get_response(f"{path}.gz", scope)
        response.headers["Content-Encoding"] = "gzip"
        response.headers["Vary"] = "Accept-Encoding"
        response.headers["Content-Type"] = guess_type(path)[0] or "application/octet-stream"
        return response


def mount(app: FastAPI, folder: Path = STATIC) -> None:
    """Last of all routes: it takes everything that no other took."""
    if (folder / "index.html").is_file():
        app.mount("/", _Page(directory=folder, html=True), name="page")
        return

    @app.get("/", include_in_schema=False)
    def no_page() -> Response:
        lines = [text("aggregator.no_page", language) for language in LANGUAGES]
        return PlainTextResponse("\n".join(lines) + "\n")
