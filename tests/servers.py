"""Camera stand-ins on free ports: an MJPEG camera over HTTP that falls silent or hangs up on demand; a mute server."""

import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self

from tests.clips import counting_frames, jpeg

PICTURES = [jpeg(image) for image in counting_frames(50)]


class MjpegCamera:
    """Serves multipart JPEG at `fps`. silent: connections stay open and give nothing. refuse: every request is answered
    with that status. hang_up: ends running connections once."""

    def __init__(self, fps: float = 25.0) -> None:
        self.silent = threading.Event()
        self.hang_up = threading.Event()
        self.refuse = 0
        self.paths: list[str] = []
        camera = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                camera.paths.append(self.path)
                if camera.refuse:
                    self.send_error(camera.refuse)
                    return
                self.send_response(200)
                self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
                self.end_headers()
                number = 0
                while not camera.hang_up.is_set() and not camera.closed.is_set():
                    if not camera.silent.is_set():
                        picture = PICTURES[number % len(PICTURES)]
                        head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(picture)}\r\n\r\n"
                        try:
                            self.wfile.write(head.encode() + picture + b"\r\n")
                        except OSError:
                            return
                        number += 1
                    camera.closed.wait(1 / fps)

            def log_message(self, *_: object) -> None:
                pass

        self.closed = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}/video"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.closed.set()
        self._server.shutdown()
        self._server.server_close()


class MuteServer:
    """Accepts connections and never says a word, as a camera does that hangs."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._listener.close()
