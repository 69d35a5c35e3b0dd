"""The map's tiles from this machine: pieces of one file, to who is logged in."""

from pathlib import Path

from tests.desks import desk
from tests.people import add, client
from tests.pmtiles import city

PATH = "/api/v1/map/archive"


def test_pieces_of_the_archive_go_to_who_is_logged_in(tmp_path: Path) -> None:
    content = city((106.8, -6.3, 106.9, -6.2), 9)
    file = tmp_path / "city.pmtiles"
    file.write_bytes(content)
    with desk(tmp_path, archive=file) as one:
        add(one, "chief", "administrator")
        add(one, "wall", "viewer")
        with client(one) as nobody:
            assert nobody.get(PATH, headers={"range": "bytes=0-6"}).status_code == 401
        with client(one, "wall") as wall:
            whole = wall.get(PATH)
            assert (whole.status_code, whole.content) == (200, content)
            piece = wall.get(PATH, headers={"range": "bytes=0-126"})
            assert (piece.status_code, piece.content) == (206, content[:127])
            assert piece.headers["content-range"] == f"bytes 0-126/{len(content)}"
            assert piece.headers["content-type"] == "application/vnd.pmtiles"
            assert "private" in piece.headers["cache-control"]
            assert wall.get(PATH, headers={"range": "bytes=10-16383"}).content == content[10:]
            beyond = wall.get(PATH, headers={"range": f"bytes={len(content)}-"})
            assert (beyond.status_code, beyond.headers["content-range"]) == (416, f"bytes */{len(content)}")
            assert wall.get(PATH, headers={"range": "bytes=x"}).status_code == 400

            (tmp_path / "new").write_bytes(content + b"0")
            (tmp_path / "new").rename(file)
            assert wall.get(PATH, headers={"range": "bytes=0-6"}).headers["etag"] != piece.headers["etag"]
            file.unlink()
            assert wall.get(PATH).status_code == 404


def test_without_an_archive_there_is_none(tmp_path: Path) -> None:
    with desk(tmp_path) as one, client(one) as http:
        answer = http.get(PATH)
        assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")
