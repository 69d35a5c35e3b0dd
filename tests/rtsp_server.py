"""A real RTSP server for tests, GStreamer's; run with Debian's own Python, which has its bindings:

/usr/bin/python3 rtsp_server.py PORT CLIP [USER PASSWORD]

It serves rtsp://127.0.0.1:PORT/stream, from the start for each client. CLIP: an MP4, or an H.264 elementary stream
(.h264) whose parameter sets may change on the way.
"""

import sys

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtspServer  # noqa: E402


def main(port: str, clip: str, user: str = "", password: str = "") -> None:
    Gst.init(None)
    server = GstRtspServer.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service(port)
    factory = GstRtspServer.RTSPMediaFactory()
    parts = "h264parse" if clip.endswith(".h264") else "qtdemux"
    factory.set_launch(f'( filesrc location="{clip}" ! {parts} ! rtph264pay name=pay0 pt=96 config-interval=-1 )')
    if user:
        protect(server, factory, user, password)
    server.get_mount_points().add_factory("/stream", factory)
    server.attach(None)
    GLib.MainLoop().run()


def protect(
    server: "GstRtspServer.RTSPServer", factory: "GstRtspServer.RTSPMediaFactory", user: str, word: str
) -> None:
    """Only `user` may watch, with basic authentication."""
    auth, token = GstRtspServer.RTSPAuth(), GstRtspServer.RTSPToken()
    token.set_string(GstRtspServer.RTSP_TOKEN_MEDIA_FACTORY_ROLE, "guard")
    auth.add_basic(GstRtspServer.RTSPAuth.make_basic(user, word), token)
    server.set_auth(auth)
    allowed = GstRtspServer.RTSPPermissions()
    for what in (GstRtspServer.RTSP_PERM_MEDIA_FACTORY_ACCESS, GstRtspServer.RTSP_PERM_MEDIA_FACTORY_CONSTRUCT):
        allowed.add_permission_for_role("guard", what, True)
    factory.set_permissions(allowed)


if __name__ == "__main__":
    main(*sys.argv[1:])
