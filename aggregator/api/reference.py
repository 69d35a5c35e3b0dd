"""/docs: the API's operations as one plain page, made from its OpenAPI document; it loads nothing from anywhere."""

from html import escape
from typing import Any

from fastapi import FastAPI
from starlette.responses import HTMLResponse, Response

_PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>{title}</title>
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }}
code {{ font-size: 0.95em; }} table {{ border-collapse: collapse; }} td, th {{ padding: 0.2rem 1rem 0.2rem 0;
text-align: left; }} </style>
<h1>{title}</h1>
<p>The machine-readable description is <a href="/openapi.json">openapi.json</a>.</p>
{operations}
</html>
"""


def install(app: FastAPI) -> None:
    @app.get("/docs", include_in_schema=False)
    def docs() -> Response:
        document = app.openapi()
        operations = "\n".join(
            _operation(method, path, operation)
            for path, methods in document["paths"].items()
            for method, operation in methods.items()
        )
        return HTMLResponse(_PAGE.format(title=escape(document["info"]["title"]), operations=operations))


def _operation(method: str, path: str, operation: dict[str, Any]) -> str:
    rows = "".join(
        f"<tr><td><code>{escape(one['name'])}</code></td><td>{one['in']}</td><td>{escape(_range(one['schema']))}</td></tr>"
        for one in operation.get("parameters", ())
    )
    answers = ", ".join(
        f"{status}: {escape(', '.join(answer.get('content', {})) or 'no body')}"
        for status, answer in operation["responses"].items()
    )
    table = f"<table><tr><th>parameter</th><th>in</th><th>allowed</th></tr>{rows}</table>" if rows else ""
    return f"<h2><code>{method.upper()} {escape(path)}</code></h2>\n{table}\n<p>{answers}</p>"


def _range(schema: dict[str, Any]) -> str:
    """What OpenAPI says of a parameter, in a few words."""
    said = [f"{key} {value}" for key, value in schema.items() if key not in ("title", "anyOf", "$ref", "enum")]
    said += [f"one of {', '.join(map(str, schema['enum']))}"] if "enum" in schema else []
    said += [_range(one) for one in schema.get("anyOf", ())]
    said += [schema["$ref"].rsplit("/", 1)[-1]] if "$ref" in schema else []
    return "; ".join(filter(None, said))
